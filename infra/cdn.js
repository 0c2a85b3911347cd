// Rewrites requests and responses at the CDN's edge (CloudFront Functions, cloudfront-js-2.0). No
// modules, no network, no clock, and only ECMAScript 5.1: the runtime supports only parts of newer
// versions. tests/infra/test_cdn_function.py runs it.

// infra/package.py replaces the next two lines with the values of feeds.toml and the documents of
// feeds/layout/: `path` is a regular expression for the ends of addresses. In the bucket they have
// types that CloudFront compresses: application/xml and application/json. `type` is the media type
// that readers get, "" if it is the stored one. Readers subscribe to the `subscribed` documents: the
// topics of WebSub. A browser shows an `xml` document with its style sheet if its media type is `XML`.
var SITE = { url: "https://feeds.example.com/", hubs: [] };
var DOCUMENTS = [{ path: "/rss\\.xml$", type: "", subscribed: true, xml: true }];
var XML = "application/xml; charset=utf-8";

function handler(event) {
  return event.context.eventType === "viewer-request"
    ? rewriteRequest(event.request)
    : rewriteResponse(event.request, event.response);
}

// Serves the page of a folder at the folder's address. An address without the slash at its end gets
// a redirect, because relative links of the page would be wrong there. The redirect names the host,
// because a location that starts with two slashes would name another one.
function rewriteRequest(request) {
  var name = request.uri.slice(request.uri.lastIndexOf("/") + 1);
  if (name === "") {
    request.uri += "index.html";
  } else if (name.indexOf(".") < 0) {
    return {
      statusCode: 301,
      statusDescription: "Moved Permanently",
      headers: {
        location: { value: "https://" + request.headers.host.value + request.uri + "/" },
        "cache-control": { value: "public, max-age=300" }
      }
    };
  }
  return request;
}

// Sets the media type, Vary where it depends on the request, and Link headers with hub and topic
// (WebSub, 4). A 304 response (not modified) has no body, so it gets no media type. An error gets no Link: its address is no topic.
function rewriteResponse(request, response) {
  var isTopic = false;
  var hasBody = response.statusCode === 200 || response.statusCode === 206;
  DOCUMENTS.forEach(function (row) {
    if (!new RegExp(row.path).test(request.uri)) {
      return;
    }
    var type = row.xml && asksForPage(request) ? XML : row.type;
    if (type !== "" && hasBody) {
      response.headers["content-type"] = { value: type };
    }
    if (row.xml && (hasBody || response.statusCode === 304)) {
      response.headers.vary = { value: withAccept(response.headers.vary) };
    }
    isTopic = isTopic || row.subscribed;
  });
  if (SITE.hubs.length > 0 && isTopic && (hasBody || response.statusCode === 304)) {
    var links = SITE.hubs.map(function (hub) { return "<" + hub + '>; rel="hub"'; });
    links.push("<" + SITE.url + encoded(request.uri.slice(1)) + '>; rel="self"');
    response.headers.link = { value: links.join(", ") };
  }
  return response;
}

// Browsers ask for HTML, feed readers for feeds or for anything. This function runs after the cache, so
// the cache needs no copy for each.
function asksForPage(request) {
  var accept = request.headers.accept;
  return accept !== undefined && accept.value.indexOf("text/html") >= 0;
}

// The value of the header Vary, which may be there already, with Accept.
function withAccept(vary) {
  var values = vary === undefined ? [] : vary.multiValue || [vary];
  return values.map(function (item) { return item.value; }).concat("Accept").join(", ");
}

// An address with every character encoded that RFC 3986 does not allow in a path. A request may
// contain any character, and ">" would end the address in the header.
function encoded(path) {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@%\/]+/g, encodeURIComponent)
    .replace(/%(?![0-9A-Fa-f]{2})/g, "%25");
}

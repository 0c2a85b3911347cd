// Rewrites requests and responses at the CDN's edge (CloudFront Functions, cloudfront-js-2.0). No
// modules, no network, no clock, and only ECMAScript 5.1: the runtime supports only parts of newer
// versions. tests/infra/test_cdn_function.py runs it.

// infra/package.py replaces this line with the values of feeds.toml.
var SITE = { url: "https://feeds.example.com/", hubs: [] };

// The media types that readers get. In the bucket the documents have types that CloudFront
// compresses: application/xml and application/json (feeds/documents/http_headers.py).
var ATOM = "application/atom+xml; charset=utf-8";
var JSON_FEED = "application/feed+json; charset=utf-8";
var TYPES = [
  [/\/atom\.xml$/, ATOM],
  [/\/feed\.json$/, JSON_FEED],
  [/\/archive\/[^\/]+\.xml$/, ATOM],
  [/\/archive\/[^\/]+\.json$/, JSON_FEED],
  [/^\/feeds\.opml$/, "text/x-opml; charset=utf-8"]
];

// The documents that readers subscribe to: the topics of WebSub (feeds/publishing/websub.py).
var TOPICS = /\/(atom\.xml|rss\.xml|feed\.json)$/;

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

// Sets the media type, and Link headers with hub and topic (WebSub, 4). A 304 response (not
// modified) has no body, so it gets no media type.
function rewriteResponse(request, response) {
  if (response.statusCode === 200 || response.statusCode === 206) {
    TYPES.forEach(function (row) {
      if (row[0].test(request.uri)) {
        response.headers["content-type"] = { value: row[1] };
      }
    });
  }
  if (SITE.hubs.length > 0 && TOPICS.test(request.uri)) {
    var links = SITE.hubs.map(function (hub) { return "<" + hub + '>; rel="hub"'; });
    links.push("<" + SITE.url + request.uri.slice(1) + '>; rel="self"');
    response.headers.link = { value: links.join(", ") };
  }
  return response;
}

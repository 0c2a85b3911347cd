// What the CDN does to a request and to an answer, at its edge (CloudFront Functions,
// cloudfront-js-2.0). No modules, no network, no clock, and ECMAScript 5.1 alone: of the newer
// language that runtime knows only parts. tests/infra/test_cdn_function.py runs it.

// infra/package.py writes the next two lines, from feeds.toml and feeds/formats.py; these are
// examples. In the bucket, documents have media types that CloudFront compresses (application/xml,
// application/json); `type` is the one that readers get, "" if it is the stored one.
var SITE = { url: "https://feeds.example.com/", hubs: [] };
var DOCUMENTS = [{ file: "rss.xml", archive: "", type: "", subscribed: true }];

function handler(event) {
  return event.context.eventType === "viewer-request"
    ? asked(event.request)
    : answered(event.request, event.response);
}

// A folder's address means its page. Without its slash it is another address, from which the page's
// relative links would lead elsewhere. The host stands in the new address because a path that
// starts with two slashes would name one.
function asked(request) {
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

// WebSub, 4: a subscriber finds hub and topic in Link headers, whatever the format. An answer of 304
// (not modified) has no body, and no type.
function answered(request, response) {
  var folders = request.uri.split("/");
  var name = folders.pop();
  var inArchive = folders.pop() === "archive";
  var isSubscribed = false;
  DOCUMENTS.forEach(function (row) {
    var isArchivePage = inArchive && row.archive !== "" && endsWith(name, row.archive);
    if (name !== row.file && !isArchivePage) {
      return;
    }
    if (row.type !== "" && (response.statusCode === 200 || response.statusCode === 206)) {
      response.headers["content-type"] = { value: row.type };
    }
    isSubscribed = isSubscribed || (row.subscribed && !isArchivePage);
  });
  if (SITE.hubs.length > 0 && isSubscribed) {
    var links = SITE.hubs.map(function (hub) { return "<" + hub + '>; rel="hub"'; });
    links.push("<" + SITE.url + request.uri.slice(1) + '>; rel="self"');
    response.headers.link = { value: links.join(", ") };
  }
  return response;
}

function endsWith(text, ending) {
  return text.slice(-ending.length) === ending;
}

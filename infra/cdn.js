// What the CDN does to a request and to an answer, at its edge (CloudFront Functions,
// cloudfront-js-2.0). No modules, no network, no clock, and ECMAScript 5.1 alone: of the newer
// language that runtime knows only parts. tests/infra/test_cdn_function.py runs it.

// infra/package.py writes this line, from feeds.toml.
var SITE = { url: "https://feeds.example.com/", hubs: [] };

// The media types of readers. Objects have others in the bucket, which CloudFront compresses on
// their way here: application/xml and application/json (feeds/documents/http_headers.py).
var ATOM = "application/atom+xml; charset=utf-8";
var JSON_FEED = "application/feed+json; charset=utf-8";
var TYPES = [
  [/\/atom\.xml$/, ATOM],
  [/\/feed\.json$/, JSON_FEED],
  [/\/archive\/[^\/]+\.xml$/, ATOM],
  [/\/archive\/[^\/]+\.json$/, JSON_FEED],
  [/^\/feeds\.opml$/, "text/x-opml; charset=utf-8"]
];

// What a subscriber follows, and hubs are told of (feeds/publishing/websub.py).
var FOLLOWED = /\/(atom\.xml|rss\.xml|feed\.json)$/;

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
  if (response.statusCode === 200 || response.statusCode === 206) {
    TYPES.forEach(function (known) {
      if (known[0].test(request.uri)) {
        response.headers["content-type"] = { value: known[1] };
      }
    });
  }
  if (SITE.hubs.length > 0 && FOLLOWED.test(request.uri)) {
    var links = SITE.hubs.map(function (hub) { return "<" + hub + '>; rel="hub"'; });
    links.push("<" + SITE.url + request.uri.slice(1) + '>; rel="self"');
    response.headers.link = { value: links.join(", ") };
  }
  return response;
}

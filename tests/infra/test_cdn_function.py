"""infra/cdn.js, run by Node: how it rewrites requests and responses."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from support.sites import built, post, settings

from feeds.documents.http_headers import stored_type
from feeds.layout.layout import usual_layout
from feeds.publishing import websub
from infra.package import edge_code

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="there is no Node here")

HUBS = 'hubs = ["https://hub.example.com/", "https://hub.example.net/?a=1&b=2"]'
WITH_HUBS = settings(feeds=HUBS)

PROGRAM = """
const [code, events] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const handler = require("vm").runInNewContext(code + "\\nhandler");
console.log(JSON.stringify(events.map(event => handler(event))));
"""


def run(events: Sequence[dict[str, Any]], config: Any = None) -> list[dict[str, Any]]:
    """The results of the function for these events."""
    given = json.dumps([edge_code(config or settings()), events])
    done = subprocess.run(
        ["node", "-e", PROGRAM], input=given, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def request(uri: str, host: str = "feeds.example.com") -> dict[str, Any]:
    return {
        "context": {"eventType": "viewer-request"},
        "request": {"method": "GET", "uri": uri, "headers": {"host": {"value": host}}},
    }


def answer(uri: str, status: int = 200, type_: str = "text/plain") -> dict[str, Any]:
    headers = {"content-type": {"value": type_}} if status != 304 else {}
    return {
        "context": {"eventType": "viewer-response"},
        "request": {"method": "GET", "uri": uri, "headers": {}},
        "response": {"statusCode": status, "headers": headers},
    }


@pytest.mark.parametrize(
    ("asked", "fetched"),
    [
        ("/", "/index.html"),
        ("/category/markets/", "/category/markets/index.html"),
        ("/category/%E6%97%A5%E6%9C%AC/", "/category/%E6%97%A5%E6%9C%AC/index.html"),
        ("/atom.xml", "/atom.xml"),
        ("/category/markets/archive/2026-11-18-0123456789.xml",) * 2,
        ("/feeds.html", "/feeds.html"),
        ("/robots.txt", "/robots.txt"),
    ],
)
def test_a_folder_address_serves_its_page_and_other_addresses_stay(
    asked: str, fetched: str
) -> None:
    (result,) = run([request(asked)])

    assert result["uri"] == fetched


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/category/markets", "https://feeds.example.com/category/markets/"),
        ("/category/%E6%97%A5", "https://feeds.example.com/category/%E6%97%A5/"),
        ("//evil.example", "https://feeds.example.com//evil.example"),
        ("//evil", "https://feeds.example.com//evil/"),
        ("/\\evil", "https://feeds.example.com/\\evil/"),
    ],
)
def test_a_folder_address_without_slash_is_redirected_and_never_to_another_host(
    asked: str, location: str
) -> None:
    (result,) = run([request(asked)])

    if "." in asked:
        assert result["uri"] == asked
    else:
        assert (result["statusCode"], result["headers"]["location"]["value"]) == (301, location)


def test_every_document_is_served_with_its_own_media_type() -> None:
    """In the bucket they have a type that CloudFront compresses; readers get the real one."""
    posts = {
        f"_posts/{n}.md": post(f"Post {n}", f"2026-11-{n:02} 09:00:00 +0800", "category: markets")
        for n in range(1, 15)
    }
    site = built(posts, settings(feeds="limit = 4"))
    paths = [path for path in site if "archive/" in path or path.count("/") != 1]
    assert any("archive/" in path for path in paths)

    answers = run([answer(f"/{path}", 200, stored_type(site[path].type)) for path in paths])

    for path, response in zip(paths, answers, strict=True):
        assert response["headers"]["content-type"]["value"] == site[path].type, path
        row = usual_layout().file_type(path)
        assert row and row.content_type == site[path].type, path


CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
READERS = ["", "*/*", "application/atom+xml,application/rss+xml,application/xml;q=0.9"]


@pytest.mark.parametrize("path", ["atom.xml", "rss.xml", "archive/2026-11-18-0123456789ab.xml"])
def test_a_browser_gets_the_xml_of_a_feed_as_xml_and_a_reader_with_its_own_type(path: str) -> None:
    row = usual_layout().file_type(path)
    assert row
    requests = [answer(f"/{path}", 200, stored_type(row.content_type)) for _ in range(4)]
    for event, accept in zip(requests, [CHROMIUM, *READERS], strict=True):
        event["request"]["headers"] = {"accept": {"value": accept}} if accept else {}

    browser, *readers = run(requests)

    assert browser["headers"]["content-type"]["value"] == "application/xml; charset=utf-8"
    for reader in readers:
        assert reader["headers"]["content-type"]["value"] == row.content_type
    assert {result["headers"]["vary"]["value"] for result in [browser, *readers]} == {"Accept"}


@pytest.mark.parametrize(
    ("header", "joined"),
    [
        ({"value": "Accept-Encoding"}, "Accept-Encoding, Accept"),
        (
            {"value": "Origin", "multiValue": [{"value": "Accept-Encoding"}, {"value": "Origin"}]},
            "Accept-Encoding, Origin, Accept",
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 304])
def test_what_a_response_varies_by_stays(header: dict[str, Any], joined: str, status: int) -> None:
    event = answer("/atom.xml", status)
    event["response"]["headers"]["vary"] = header
    (result,) = run([event])

    assert result["headers"]["vary"] == {"value": joined}


@pytest.mark.parametrize(
    ("path", "status"), [("feed.json", 200), ("index.html", 200), ("atom.xml", 404)]
)
def test_other_responses_do_not_vary_by_accept(path: str, status: int) -> None:
    event = answer(f"/{path}", status, "application/json; charset=utf-8")
    event["request"]["headers"]["accept"] = {"value": CHROMIUM}
    (result,) = run([event])

    assert "vary" not in result["headers"]
    assert result["headers"]["content-type"]["value"] != "application/xml; charset=utf-8"


# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
COMPRESSED = {
    "application/json",
    "application/rss+xml",
    "application/xml",
    "text/css",
    "text/html",
    "text/xml",
}


def test_every_document_is_stored_with_a_media_type_that_the_cdn_compresses() -> None:
    for document in built({"_posts/a.md": post()}).values():
        name, _, rest = stored_type(document.type).partition("; ")
        assert (name in COMPRESSED, rest) == (True, "charset=utf-8"), document.path


def test_a_304_response_gets_no_media_type() -> None:
    (result,) = run([answer("/atom.xml", 304)])

    assert "content-type" not in result["headers"]


def test_only_feeds_have_link_headers_with_hub_and_self() -> None:
    config = WITH_HUBS
    keys = [*websub.topics_of_feed("", config), *websub.topics_of_feed("category/日本", config)]
    others = ["index.html", "feeds.html", "feeds.opml", "archive/2026-11-18-0123456789.xml"]
    addresses = [config.url(key) for key in (*keys, *others)]
    root = len(config.feeds.url) - 1

    answers = run([answer(address[root:]) for address in addresses], config)

    for address, response in zip(addresses, answers[: len(keys)], strict=False):
        assert response["headers"]["link"]["value"] == (
            '<https://hub.example.com/>; rel="hub", '
            '<https://hub.example.net/?a=1&b=2>; rel="hub", '
            f'<{address}>; rel="self"'
        )
    assert not any("link" in response["headers"] for response in answers[len(keys) :])
    assert [ping.topic for ping in websub.pings_for([*keys, *others], config)][::2] == addresses[
        : len(keys)
    ]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("/a>; rel=x, <https://evil.example/>/atom.xml",
         "/a%3E;%20rel=x,%20%3Chttps://evil.example/%3E/atom.xml"),
        ('/a"b\\c/atom.xml', "/a%22b%5Cc/atom.xml"),
        ("/a\r\nSet-Cookie: b/atom.xml", "/a%0D%0ASet-Cookie:%20b/atom.xml"),
        ("/日本/atom.xml", "/%E6%97%A5%E6%9C%AC/atom.xml"),
        ("/100%/%zz/%41/atom.xml", "/100%25/%25zz/%41/atom.xml"),
    ],
)  # fmt: skip
def test_no_address_can_add_to_the_link_header(asked: str, named: str) -> None:
    (result,) = run([answer(asked)], WITH_HUBS)

    link = result["headers"]["link"]["value"]
    assert link.endswith(f'<{WITH_HUBS.feeds.url.rstrip("/")}{named}>; rel="self"')
    assert link.count(">; rel=") == 3


@pytest.mark.parametrize(("status", "has"), [(200, 1), (206, 1), (304, 1), (403, 0), (404, 0)])
def test_only_a_document_that_exists_has_link_headers(status: int, has: bool) -> None:
    (result,) = run([answer("/atom.xml", status)], WITH_HUBS)

    assert ("link" in result["headers"]) == has


def test_without_hubs_there_is_no_link_header() -> None:
    (result,) = run([answer("/atom.xml")])

    assert "link" not in result["headers"]


def test_the_code_is_within_the_limits_of_cloudfront() -> None:
    code = edge_code(WITH_HUBS)

    assert len(code.encode()) <= 10_240
    assert "${" not in code, "serverless.yml would take it for a variable"


def test_a_hub_address_cannot_inject_code() -> None:
    config = settings(feeds='hubs = ["https://hub.example.com/?a=%22%7D"]')
    (result,) = run([answer("/atom.xml")], config)

    assert result["headers"]["link"]["value"].startswith(
        "<https://hub.example.com/?a=%22%7D>; rel="
    )

"""infra/cdn.js, run by node: what it makes of requests and answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from support.sites import built, post, settings

from feeds.documents.http_headers import stored_type
from feeds.paths import file_type
from feeds.publishing import websub
from infra.package import edge_code

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="there is no node here")

HUBS = 'hubs = ["https://hub.example.com/", "https://hub.example.net/?a=1&b=2"]'
WITH_HUBS = settings(feeds=HUBS)

RUN = """
const [code, events] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const handler = require("vm").runInNewContext(code + "\\nhandler");
console.log(JSON.stringify(events.map(event => handler(event))));
"""


def ran(events: Sequence[dict[str, Any]], config: Any = None) -> list[dict[str, Any]]:
    """What the function makes of each event."""
    given = json.dumps([edge_code(config or settings()), events])
    done = subprocess.run(
        ["node", "-e", RUN], input=given, capture_output=True, text=True, check=True
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
def test_a_folder_s_address_means_its_page_and_others_mean_themselves(
    asked: str, fetched: str
) -> None:
    (one,) = ran([request(asked)])

    assert one["uri"] == fetched


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
def test_a_folder_without_its_slash_is_sent_there_and_never_to_another_host(
    asked: str, location: str
) -> None:
    (one,) = ran([request(asked)])

    if "." in asked:
        assert one["uri"] == asked
    else:
        assert (one["statusCode"], one["headers"]["location"]["value"]) == (301, location)


def test_every_document_leaves_with_its_own_media_type() -> None:
    """What the bucket says is what CloudFront compresses; what readers see is what it is."""
    posts = {
        f"_posts/{n}.md": post(f"Post {n}", f"2026-11-{n:02} 09:00:00 +0800", "category: markets")
        for n in range(1, 15)
    }
    site = built(posts, settings(feeds="limit = 4"))
    paths = [path for path in site if "archive/" in path or path.count("/") != 1]
    assert any("archive/" in path for path in paths)

    answers = ran([answer(f"/{path}", 200, stored_type(site[path].type)) for path in paths])

    for path, one in zip(paths, answers, strict=True):
        assert one["headers"]["content-type"]["value"] == site[path].type, path
        row = file_type(path)
        assert row and row.content_type == site[path].type, path


# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
COMPRESSED = {
    "application/json",
    "application/rss+xml",
    "application/xml",
    "text/css",
    "text/html",
    "text/xml",
}


def test_every_document_is_stored_as_something_that_the_cdn_compresses() -> None:
    for document in built({"_posts/a.md": post()}).values():
        name, _, rest = stored_type(document.type).partition("; ")
        assert (name in COMPRESSED, rest) == (True, "charset=utf-8"), document.path


def test_an_answer_without_a_body_gets_no_media_type() -> None:
    (one,) = ran([answer("/atom.xml", 304)])

    assert "content-type" not in one["headers"]


def test_feeds_say_where_to_subscribe_and_nothing_else_does() -> None:
    config = WITH_HUBS
    keys = [*websub.topics_of_feed("", config), *websub.topics_of_feed("category/日本", config)]
    others = ["index.html", "feeds.html", "feeds.opml", "archive/2026-11-18-0123456789.xml"]
    addresses = [config.url(key) for key in (*keys, *others)]
    root = len(config.feeds.url) - 1

    answers = ran([answer(address[root:]) for address in addresses], config)

    for address, one in zip(addresses, answers[: len(keys)], strict=False):
        assert one["headers"]["link"]["value"] == (
            '<https://hub.example.com/>; rel="hub", '
            '<https://hub.example.net/?a=1&b=2>; rel="hub", '
            f'<{address}>; rel="self"'
        )
    assert not any("link" in one["headers"] for one in answers[len(keys) :])
    assert [ping.topic for ping in websub.pings_for([*keys, *others], config)][::2] == addresses[
        : len(keys)
    ]


def test_without_hubs_there_is_no_link() -> None:
    (one,) = ran([answer("/atom.xml")])

    assert "link" not in one["headers"]


def test_the_function_is_within_the_limits_of_cloudfront() -> None:
    code = edge_code(WITH_HUBS)

    assert len(code.encode()) <= 10_240
    assert "${" not in code, "serverless.yml would take it for a variable"


def test_an_address_of_the_configuration_cannot_become_code() -> None:
    config = settings(feeds='hubs = ["https://hub.example.com/?a=%22%7D"]')
    (one,) = ran([answer("/atom.xml")], config)

    assert one["headers"]["link"]["value"].startswith("<https://hub.example.com/?a=%22%7D>; rel=")

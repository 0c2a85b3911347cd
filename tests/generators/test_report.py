"""The report of `feeds init`: numbers of posts, what is not known, and pages that are missing."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from support.generator_sites import post_text, write_site

CONFIG = "title: T\nurl: https://j.example\nbaseurl: /sub\npermalink: pretty\n"
NEW_SITES = {
    "hugo new site": ("config.toml", "baseURL = 'http://example.org/'\ntitle = 'My New Hugo Site'"),
    "create-docusaurus": (
        "docusaurus.config.js",
        "export default { url: 'https://your-docusaurus-site.example.com', title: 'T' }",
    ),
    "create-astro": ("astro.config.mjs", "export default { site: 'https://example.com' }"),
}
SITE = {
    "_config.yml": CONFIG,
    "_posts/2026-01-02-a.md": post_text("title: A"),
    "_posts/2026-01-03-b.md": post_text("title: B"),
    "de/_posts/2026-01-01-c.md": post_text("title: C"),
}
BUILT = {
    "2026/01/02/a/index.html": "<p>A",
    "2026/01/03/b/index.html": "<p>B",
    "de/2026/01/01/c/index.html": "<p>C",
}


def init(folder: Path, files: dict[str, str], *options: str) -> list[str]:
    """Run `feeds init --yes`, and return the lines above "Wrote feeds.toml"."""
    write_site(folder, files)
    done = subprocess.run(
        [sys.executable, "-m", "feeds", "init", "--yes", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("Wrote ")[0].splitlines()


def built(folder: str, *missing: str) -> dict[str, str]:
    return {f"{folder}/{path}": text for path, text in BUILT.items() if path not in missing}


def sitemap(*missing: str) -> str:
    paths = [path.removesuffix("index.html") for path in BUILT if path not in missing]
    urls = "".join(f"<url><loc>https://j.example/sub/{path}</loc></url>" for path in paths)
    return f"<urlset>{urls}</urlset>"


@pytest.mark.slow
def test_report_has_the_number_of_posts_of_each_pattern(tmp_path: Path) -> None:
    config = (
        CONFIG
        + """
defaults:
  - scope: {path: de}
    values: {permalink: "/:title/", author: Ann}
"""
    )
    lines = [line.split() for line in init(tmp_path, SITE | {"_config.yml": config})]

    assert lines == [
        ["include:", "Posts", "are", "in", "_posts/,", "de/_posts/."],
        ["posts", "in", ".", "3"],
        ["include", "_posts/**/*.md", "2"],
        ["include", "de/_posts/**/*.md", "1"],
        ["permalink", "pretty", "2"],
        ["rule", "de/**:", "permalink,", "authors", "1"],
        ["in", "feeds", "now", "3"],
    ]


@pytest.mark.slow
def test_report_says_what_is_not_known_and_what_to_write(tmp_path: Path) -> None:
    lines = init(tmp_path, {"notes.txt": "nothing"})

    assert "could not know: where the posts are; write their folder as posts.folder" in lines
    (address,) = (line for line in lines if "example.com" in line)
    assert address.startswith("could not know: the address of the site")
    written = (tmp_path / "feeds.toml").read_text(encoding="utf-8")
    assert 'url = "https://example.com/"  # only an example' in written


B = "2026/01/03/b/index.html"
A = "2026/01/02/a/index.html"
MISSING_A = "https://j.example/sub/2026/01/02/a/ (_posts/2026-01-02-a.md, permalink pretty)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "line"),
    [
        (built("_site"), "3 pages looked for in _site/: all there"),
        (built("_site", A), f"not in _site/: {MISSING_A}"),
        (built("dist", A), f"not in dist/: {MISSING_A}"),
        ({"sitemap.xml": sitemap()}, "3 pages looked for in sitemap.xml: all there"),
        ({"sitemap.xml": sitemap(A)}, f"not in sitemap.xml: {MISSING_A}"),
        (
            {
                "feed.xml": "<feed><link href='https://j.example/sub/'/><entry>"
                "<link href='https://j.example/sub/2026/01/03/b/'/></entry></feed>"
            },
            "1 page looked for in feed.xml: all there",
        ),
    ],
)
def test_the_first_page_that_is_not_there_is_named(
    tmp_path: Path, files: dict[str, str], line: str
) -> None:
    assert init(tmp_path, SITE | files)[-1] == line


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        {"public/logo.html": "<p>a page of something else"},
        {"sitemap.xml": "---\n---\n{% for post in site.posts %}<url><loc>{{ post.url }}</loc>"},
        {"sitemap.xml": "<sitemapindex><sitemap><loc>https://j.example/1.xml</loc>"},
        {"public/feeds.html": "<p>feeds of this program", "public/index.html": ""},
    ],
)
def test_other_files_are_not_taken_for_the_built_site(
    tmp_path: Path, files: dict[str, str]
) -> None:
    assert init(tmp_path, SITE | files)[-1].split() == ["in", "feeds", "now", "3"]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the built site, without the post A."""
    folder = write_site(tmp_path / "live", built("sub", A))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/sub"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_check_looks_for_the_pages_on_the_live_site(tmp_path: Path, live: str) -> None:
    lines = init(tmp_path / "site", SITE, "--check", live)
    assert lines[-1] == f"not in {live}/: {MISSING_A}; the server responds with 404"


@pytest.mark.slow
def test_check_needs_a_web_address(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "feeds", "init", "--yes", "--check", "j.example"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (
        2,
        "--check j.example: not a full web address; write it like https://example.com/\n",
    )
    assert not (tmp_path / "feeds.toml").exists()


@pytest.mark.parametrize(("file", "text"), NEW_SITES.values(), ids=NEW_SITES)
def test_an_address_that_the_generator_itself_wrote_is_only_an_example(
    tmp_path: Path, file: str, text: str
) -> None:
    lines = init(tmp_path, {file: text, "blog/2026-01-02-a.md": post_text("title: A")})

    assert [line for line in lines if "address of the site" in line and "only an example" in line]
    assert "# only an example" in (tmp_path / "feeds.toml").read_text(encoding="utf-8")

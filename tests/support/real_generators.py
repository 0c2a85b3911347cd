"""Sites as their real generators read them, and as this program does: each post's page."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

import pytest

from feeds.config import Config
from feeds.reading.post import read_post
from feeds.reading.publication_window import is_public
from feeds.reading.selection import is_post
from feeds.stores.local import LocalStore

Page: TypeAlias = dict[str, object]
Pages: TypeAlias = dict[str, Page]
"""What a program says of each post that is published, by the path of its file in the site."""

_HERE = Path(__file__).parent
NODE_MODULES = _HERE.parent / "node_modules"
_DOCUSAURUS = _HERE.parent / "docusaurus"
_ENVIRONMENT = {
    **os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "NODE_ENV": "production",
    "JEKYLL_ENV": "production",
}  # fmt: skip


def write_site(folder: Path, files: dict[str, str]) -> None:
    """Write the files of a site."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _output(*command: str | Path, cwd: Path) -> str:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command, capture_output=True, text=True, env=_ENVIRONMENT, cwd=cwd, timeout=300
    )
    assert done.returncode == 0, (done.stderr or done.stdout)[:300]
    return done.stdout


def jekyll_pages(folder: Path) -> Pages:
    """The posts of a site, as Jekyll says."""
    if not shutil.which("jekyll"):
        pytest.skip("jekyll is not installed")
    printed = _output("ruby", _HERE / "jekyll.rb", folder, cwd=folder)
    pages: Pages = json.loads(printed.splitlines()[-1])
    return {file: {**page, "url": unquote(str(page["url"]))} for file, page in pages.items()}


def jekyll_liquid(folder: Path) -> dict[str, str]:
    """The text of each post of a site after Liquid and before Markdown, as Jekyll says."""
    if not shutil.which("jekyll"):
        pytest.skip("jekyll is not installed")
    printed = _output("ruby", _HERE / "jekyll_liquid.rb", folder, cwd=folder)
    texts: dict[str, str] = json.loads(printed.splitlines()[-1])
    return texts


def hugo_pages(folder: Path, site: str, now: datetime) -> Pages:
    """The posts of a site, as Hugo says."""
    rows = csv.DictReader(_output("hugo", "list", "all", cwd=folder).splitlines())
    pages: Pages = {}
    for row in rows:
        moments = {name: row[name] for name in ("date", "publishDate", "expiryDate")}
        date, publish, expiry = (
            None if moment.startswith("0001-") else datetime.fromisoformat(moment)
            for moment in moments.values()
        )
        starts = max(filter(None, (date, publish)), default=None)
        is_open = (starts is None or starts <= now) and (expiry is None or expiry > now)
        if row["draft"] == "true" or not is_open:
            continue
        pages[row["path"]] = {
            "title": row["title"],
            "date": starts.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if starts else "",
            "url": unquote("/" + row["permalink"].removeprefix(site)),
        }
    return pages


_PELICAN = """
import html, json, sys
from datetime import timezone
from pelican import Pelican
from pelican.generators import ArticlesGenerator
from pelican.settings import read_settings

settings = read_settings(sys.argv[1])
Pelican(settings)
context = {**settings, "generated_content": {}, "static_content": {}, "static_links": set()}
articles = ArticlesGenerator(
    context=context, settings=settings, path=settings["PATH"], theme=settings["THEME"],
    output_path=None,
)
articles.generate_context()
print(json.dumps({
    "content/" + article.relative_source_path: {
        "title": " ".join(html.unescape(article.title).split()),
        "date": article.date.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "categories": [article.category.name],
        "tags": [tag.name for tag in getattr(article, "tags", [])],
        "url": "/" + article.url.lstrip("/"),
    }
    for article in articles.articles + articles.translations
}))
"""
"""Prints what Pelican makes of the site with a configuration, as JSON. Titles are still HTML."""


def pelican_python() -> str:
    """A Python that has Pelican.

    The environment variable FEEDS_PELICAN names it; else it is the one beside the program
    ``pelican``.
    """
    program = shutil.which("pelican")
    beside = str(Path(program).resolve().with_name("python")) if program else ""
    python = os.environ.get("FEEDS_PELICAN", "") or beside
    if not python:
        pytest.skip("pelican is not installed")
    return python


def pelican_pages(folder: Path) -> Pages:
    """The articles of a site whose files are in ``content/``, as Pelican says."""
    printed = _output(pelican_python(), "-c", _PELICAN, folder / "pelicanconf.py", cwd=folder)
    pages: Pages = json.loads(printed.splitlines()[-1])
    for page in pages.values():
        page["url"] = unquote(str(page["url"]))
        if "<" in str(page["title"]):  # perhaps a tag; then only the address shows how it is read
            del page["title"]
    return pages


def eleventy_pages(folder: Path, content: str = ".") -> Pages:
    """The posts of a site, as Eleventy says; `content` is the folder that it reads."""
    if not (NODE_MODULES / "@11ty" / "eleventy").is_dir():
        pytest.skip("there is no Eleventy here: npm ci --prefix tests")
    printed = _output("node", _HERE / "eleventy.mjs", content, cwd=folder)
    pages: Pages = json.loads(printed.splitlines()[-1])
    return pages


def docusaurus_pages(folder: Path, **settings: object) -> Pages:
    """The posts of a site's blog, as Docusaurus says with `settings` (tests/docusaurus)."""
    if not (_DOCUSAURUS / "node_modules" / "@docusaurus").is_dir():
        pytest.skip("there is no Docusaurus here: npm ci --prefix tests/docusaurus")
    program = ("node", _DOCUSAURUS / "posts.mjs", folder, json.dumps(settings))
    pages: Pages = json.loads(_output(*program, cwd=folder).splitlines()[-1])
    return pages


def eleventy_liquid(folder: Path) -> dict[str, str]:
    """The text of each HTML page of a site after Liquid, as Eleventy says."""
    if not (NODE_MODULES / "@11ty" / "eleventy").is_dir():
        pytest.skip("there is no Eleventy here: npm ci --prefix tests")
    printed = _output("node", _HERE / "eleventy_liquid.mjs", cwd=folder)
    texts: dict[str, str] = json.loads(printed.splitlines()[-1])
    return texts


def github_slugs(texts: list[str]) -> list[str]:
    """The slugs of texts, as the package github-slugger gives them."""
    if not (NODE_MODULES / "github-slugger").is_dir():
        pytest.skip("there is no github-slugger here: npm ci --prefix tests")
    program = "import { slug } from 'github-slugger';"
    program += "console.log(JSON.stringify(JSON.parse(process.argv[1]).map(text => slug(text))))"
    command = ("node", "--input-type=module", "-e", program, json.dumps(texts))
    slugs: list[str] = json.loads(_output(*command, cwd=_HERE))
    return slugs


def our_pages(folder: Path, config: Config, now: datetime) -> Pages:
    """The posts of a site, as this program says; keys are paths in the site's folder."""
    pages: Pages = {}
    root = config.posts.folder
    for stat in LocalStore(folder / root).list():
        if not is_post(stat.key, config):
            continue
        data = (folder / root / stat.key).read_bytes()
        result = read_post(stat.key, data, now, config)
        post = result.post
        if post is None or not is_public(post, now):
            continue
        terms = {
            name: [term.name for term in post.terms if term.taxonomy == name]
            for name in ("category", "tag")
        }
        pages[str(Path(root, stat.key))] = {
            "title": post.title,
            "date": post.published.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "categories": terms["category"],
            "tags": terms["tag"],
            "authors": [person.name for person in post.authors],
            "url": unquote("/" + post.page.removeprefix(config.site.url)),
            "language": post.language,
        }
    return pages


def differences(theirs: Pages, ours: Pages) -> list[str]:
    """Each difference between what two programs say, in words; only what both say is compared."""
    said = []
    for file in sorted({*theirs, *ours}):
        if file not in ours or file not in theirs:
            said.append(f"{file}: published only by {'us' if file in ours else 'them'}")
            continue
        said += [
            f"{file}: {name}: theirs {value!r}, ours {ours[file][name]!r}"
            for name, value in theirs[file].items()
            if name in ours[file] and ours[file][name] != value
        ]
    return said

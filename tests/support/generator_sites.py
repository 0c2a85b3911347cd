"""Small sites of other generators: files -> what `feeds init` makes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.generators.detect import detect_generator
from feeds.generators.feeds_toml import feeds_toml_text
from feeds.generators.questions import ask_for_answers
from feeds.generators.settings import SiteSettings
from feeds.reading.post import Post, read_post
from feeds.reading.selection import is_post


class Site(NamedTuple):
    """A site after `feeds init --yes`."""

    settings: SiteSettings
    text: str
    """The text of its feeds.toml."""
    config: Config
    posts: dict[str, Post]
    """The posts in feeds, by their paths in the site."""

    @property
    def urls(self) -> dict[str, str]:
        """The paths of the posts' own pages below the site's address."""
        base = self.config.site.url
        return {path: "/" + unquote(post.page[len(base) :]) for path, post in self.posts.items()}

    def categories(self, path: str) -> list[str]:
        return [term.name for term in self.posts[path].terms if term.taxonomy == "category"]


def post_text(*fields: str, body: str = "Text.") -> str:
    return "\n".join(("---", *fields, "---", body, ""))


def write_site(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def initialised(folder: Path, files: dict[str, str] | None = None) -> Site:
    """Write the files, and read the site as the feeds.toml of `feeds init --yes` says."""
    write_site(folder, files or {})
    settings = detect_generator(folder)
    answers = ask_for_answers(settings, folder, lambda _question, default, _fault: default)
    text = feeds_toml_text(settings, answers, "UTC", 2026)
    config = parse_config(text)
    prefix = f"{settings.posts}/" if settings.posts not in ("", ".") else ""
    posts = {}
    for file in sorted((folder / prefix).rglob("*")):
        key = file.relative_to(folder / prefix).as_posix()
        if file.is_file() and is_post(key, config):
            read = read_post(key, file.read_bytes(), datetime(2026, 12, 1, tzinfo=UTC), config)
            if read.post:
                posts[prefix + key] = read.post
    return Site(settings, text, config, posts)

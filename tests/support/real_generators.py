"""The real site generators: what they themselves say of each post of a site."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from feeds import paths

HERE = Path(__file__).parent


class Page(NamedTuple):
    """A post as a site generator publishes it, in a form that can be compared."""

    title: str
    """Its title, with one space between words."""
    published: int
    """The moment of publication, in seconds since 1970."""
    url: str
    """The address of its page, without percent-encoding."""
    categories: frozenset[str] = frozenset()
    """The names of its categories, in lower case."""
    tags: frozenset[str] = frozenset()
    """The names of its tags, in lower case."""


def page(title: str, published: int, url: str, categories: list[str], tags: list[str]) -> Page:
    """A page in the form that can be compared."""
    return Page(
        title=" ".join(title.split()),
        published=published,
        url=unquote(url),
        categories=frozenset(map(paths.identity, categories)),
        tags=frozenset(map(paths.identity, tags)),
    )


def has_jekyll() -> bool:
    """Whether Jekyll is installed (apt install jekyll)."""
    return shutil.which("jekyll") is not None


def jekyll_pages(site: Path, files: Mapping[str, bytes]) -> dict[str, Page]:
    """What Jekyll says of the posts in these files, of which one is ``_config.yml``."""
    write_site(site, files)
    done = subprocess.run(
        ["ruby", str(HERE / "jekyll.rb"), str(site)],
        check=True, capture_output=True, timeout=120, env={**os.environ, "LANG": "C.UTF-8"},
    )  # fmt: skip
    posts = json.loads(done.stdout)
    return {post.pop("key"): page(**post) for post in posts}


def write_site(site: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a site."""
    for key, data in files.items():
        path = site / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

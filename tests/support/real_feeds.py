"""The feeds that real generators write for small sites: a folder -> the bytes of the feed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from support.real_generators import NODE_MODULES, pelican_python

from feeds.building.entry_ids import entry_ids
from feeds.formats import FORMATS

_ENVIRONMENT = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
URL = "https://a.example/blog/"
"""The address of the sites. It has a path, because generators write that in different ways."""


def _run(*command: str | Path, cwd: Path) -> None:
    if not shutil.which(str(command[0])):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command, capture_output=True, text=True, env=_ENVIRONMENT, cwd=cwd, timeout=300
    )
    assert done.returncode == 0, (done.stderr or done.stdout)[:500]


def _build_with_jekyll(folder: Path) -> None:
    if not shutil.which("jekyll"):
        pytest.skip("jekyll is not installed")
    if subprocess.run(["ruby", "-e", "gem 'jekyll-feed'"], capture_output=True).returncode:
        pytest.skip("there is no jekyll-feed here: apt install ruby-jekyll-feed")
    _run("jekyll", "build", "--quiet", cwd=folder)


def _build_with_hugo(folder: Path) -> None:
    shutil.copy(folder / "hugo.toml", folder / "config.toml")  # its name until Hugo 0.110
    _run("hugo", "--quiet", cwd=folder)
    (folder / "config.toml").unlink()


def _build_with_pelican(folder: Path) -> None:
    _run(pelican_python(), "-m", "pelican", "-q", "-s", "pelicanconf.py", "content", cwd=folder)


def _build_with_eleventy(folder: Path) -> None:
    if not (NODE_MODULES / "@11ty" / "eleventy-plugin-rss").is_dir():
        pytest.skip("there is no feed plugin of Eleventy here: npm ci --prefix tests")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    _run("node", NODE_MODULES / "@11ty" / "eleventy" / "cmd.cjs", "--quiet", cwd=folder)
    (folder / "node_modules").unlink()


class RealSite(NamedTuple):
    """A site of a real generator, and the feed that the generator writes for it."""

    files: dict[str, str]
    """Its configuration."""
    build: Callable[[Path], None]
    """Runs the generator in the site's folder."""
    feed: str
    """The path of the feed in the site's folder after that."""
    format: str
    """The format of the feed."""
    name: str
    """The path of a post: ``{day}`` and ``{name}`` stand for its day and its name."""
    post: str
    """The text of a post: ``{title}`` and ``{day}``, and ``{more}`` for lines of its fields."""

    def write(self, folder: Path, posts: dict[str, str]) -> None:
        """Write the site with these posts: names, and more lines of their fields."""
        files = dict(self.files)
        for number, (name, more) in enumerate(posts.items()):
            day = f"2026-01-{number % 28 + 1:02}"
            fields = f"{more}\n" if more else ""
            text = self.post.format(title=f"Post {number}", day=day, more=fields)
            files[self.name.format(day=day, name=name)] = text
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")

    def real_feed(self, folder: Path) -> bytes:
        """The feed that the generator writes; skips the test if it is not installed."""
        self.build(folder)
        return (folder / self.feed).read_bytes()

    def real_ids(self, folder: Path) -> list[str]:
        """The ids in that feed."""
        return entry_ids(self.real_feed(folder), FORMATS[self.format])


_YAML = "---\ntitle: {title}\ndate: {day}T12:00:00Z\n{more}---\nText of {title}.\n"
_ELEVENTY = """
import {{ feedPlugin }} from "@11ty/eleventy-plugin-rss";

export default function (eleventyConfig) {{
  eleventyConfig.addPlugin(feedPlugin, {{
    type: "{kind}",
    outputPath: "/feed/feed.xml",
    collection: {{ name: "posts", limit: 10 }},
    metadata: {{
      language: "en",
      title: "My Blog",
      subtitle: "All of it",
      base: "https://a.example/",
      author: {{ name: "Ada" }}
    }}
  }});
  return {{ pathPrefix: "/blog/" }};
}}
"""


def _eleventy(kind: str) -> RealSite:
    return RealSite(
        {
            "eleventy.config.js": _ELEVENTY.format(kind=kind),
            "package.json": '{"type": "module", "devDependencies": {"@11ty/eleventy": "^3", '
            '"@11ty/eleventy-plugin-rss": "^3"}}',
            "_data/metadata.json": '{"title": "My Blog", "url": "https://a.example/"}',
        },
        _build_with_eleventy,
        "_site/feed/feed.xml",
        kind,
        "posts/{name}.md",
        _YAML.replace("{more}", "tags: posts\n{more}"),
    )


JEKYLL_CONFIG = (
    "title: My Blog\nurl: https://a.example\nbaseurl: /blog\ntimezone: UTC\n"
    "plugins: [jekyll-feed]\n"
)
PELICAN_CONFIG = (
    "SITENAME = 'My Blog'\nSITEURL = 'https://a.example/blog'\nPATH = 'content'\n"
    "TIMEZONE = 'UTC'\nAUTHOR = 'Ada'\nFEED_ALL_ATOM = 'feeds/all.atom.xml'\n"
    "FEED_ALL_RSS = 'feeds/all.rss.xml'\n"
)
_PELICAN_POST = "Title: {title}\nDate: {day} 12:00\n{more}\nText of {title}.\n"
HUGO_CONFIG = 'baseURL = "https://a.example/blog/"\ntitle = "My Blog"\nlanguageCode = "en"\n'

REAL_SITES = {
    "jekyll": RealSite(
        {"_config.yml": JEKYLL_CONFIG},
        _build_with_jekyll,
        "_site/feed.xml",
        "atom",
        "_posts/{day}-{name}.md",
        _YAML,
    ),
    "hugo": RealSite(
        {"hugo.toml": HUGO_CONFIG},
        _build_with_hugo,
        "public/index.xml",
        "rss",
        "content/posts/{name}.md",
        _YAML,
    ),
    "pelican-atom": RealSite(
        {"pelicanconf.py": PELICAN_CONFIG},
        _build_with_pelican,
        "output/feeds/all.atom.xml",
        "atom",
        "content/{name}.md",
        _PELICAN_POST,
    ),
    "pelican-rss": RealSite(
        {"pelicanconf.py": PELICAN_CONFIG},
        _build_with_pelican,
        "output/feeds/all.rss.xml",
        "rss",
        "content/{name}.md",
        _PELICAN_POST,
    ),
    "eleventy-atom": _eleventy("atom"),
    "eleventy-rss": _eleventy("rss"),
}
"""The sites, by generator and format."""

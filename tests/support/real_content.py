"""What the real generators make of the text of posts: HTML, without their layouts."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import html as lxml_html
from support.real_generators import pelican_python

_JEKYLL = """
require "jekyll"
require "json"
Jekyll.logger.log_level = :error
site = Jekyll::Site.new(Jekyll.configuration("source" => ARGV[0], "quiet" => true))
converter = site.find_converter_instance(Jekyll::Converters::Markdown)
puts JSON.generate(JSON.parse(STDIN.read).transform_values { |text| converter.convert(text) })
"""
_PELICAN = """
import json, sys
from markdown import Markdown
from pelican.settings import DEFAULT_CONFIG
chosen = DEFAULT_CONFIG["MARKDOWN"]
def convert(text):
    options = chosen["extension_configs"]
    return Markdown(extensions=list(options), extension_configs=options).convert(text)
print(json.dumps({name: convert(text) for name, text in json.load(sys.stdin).items()}))
"""
_HUGO = """
baseURL = "https://a.example/"
disableKinds = ["taxonomy", "term", "RSS", "sitemap", "section", "home", "404"]
[markup.goldmark.renderer]
unsafe = true
[markup.highlight]
codeFences = false
"""


def _run(*command: str | Path, given: str = "", cwd: Path | None = None) -> str:
    if not shutil.which(str(command[0])):
        pytest.skip(f"{command[0]} is not installed")
    environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, cwd=cwd, timeout=300, env=environment
    )
    assert done.returncode == 0, (done.stderr or done.stdout)[:500]
    return done.stdout


def jekyll_content(texts: dict[str, str], folder: Path) -> dict[str, str]:
    """The HTML that Jekyll's Markdown converter makes of each text."""
    if not shutil.which("jekyll"):
        pytest.skip("jekyll is not installed")
    made: dict[str, str] = json.loads(_run("ruby", "-e", _JEKYLL, folder, given=json.dumps(texts)))
    return made


def pelican_content(texts: dict[str, str], _folder: Path) -> dict[str, str]:
    """The HTML that Markdown with Pelican's settings makes of each text."""
    made: dict[str, str] = json.loads(
        _run(pelican_python(), "-c", _PELICAN, given=json.dumps(texts))
    )
    return made


def hugo_content(
    texts: dict[str, str], folder: Path, front: str = "title: x", config: str = ""
) -> dict[str, str]:
    """The `.Content` of a page with each text, as Hugo makes it."""
    (folder / "hugo.toml").write_text(_HUGO + config)
    (folder / "config.toml").write_text(_HUGO + config)
    layout = folder / "layouts" / "_default" / "single.html"
    layout.parent.mkdir(parents=True)
    layout.write_text("{{ .Content }}")
    (folder / "content").mkdir()
    for number, text in enumerate(texts.values()):
        (folder / "content" / f"p{number}.md").write_text(f"---\n{front}\n---\n{text}", "utf-8")
    _run("hugo", "--quiet", cwd=folder)
    pages = (folder / "public" / f"p{number}" / "index.html" for number in range(len(texts)))
    return {name: page.read_text("utf-8") for name, page in zip(texts, pages, strict=True)}


COUNTED = ("img", "strong", "em", "ul", "ol", "dl", "table", "pre", "blockquote", "sup")


def shown(made: str) -> tuple[list[str], dict[str, int]]:
    """What a reader sees of HTML: its words and signs, and how many there are of each element.

    Quotation marks and dashes are evened out; the arrow of a footnote's way back is left out.
    """
    if not made.strip():
        return [], {}
    root = lxml_html.fragment_fromstring(made, create_parent="div")
    text = html.unescape(" ".join(root.itertext()))
    text = re.sub("[↩\ufe0e&#160;]", " ", text)
    text = re.sub("[‘’“”\"'`]", "", text).replace("…", "...")
    text = re.sub("[–—]|--+", "-", text)
    counts = {name: len(root.findall(f".//{name}")) for name in COUNTED}
    return re.findall(r"\w+|[^\w\s]", text), {name: n for name, n in counts.items() if n}

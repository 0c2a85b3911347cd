"""Draws docs/page.png, the README's picture, from the example site.

Run it with `PYTHONPATH=tests python -m support.screenshots`.

Needs Chromium, and a font with Chinese (on Debian: fonts-noto-cjk or fonts-wqy-microhei).
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from support.browser import Page, browsing
from support.sites import built

from feeds.building.write import write_documents
from feeds.config_file.parse import parse_config
from feeds.stores.local import LocalStore

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "news"

# The page on a large and a small screen, in both colour schemes.
SCENE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; width: 1240px; height: 800px; background: #d9d2c5; position: relative;
  overflow: hidden; }}
img {{ position: absolute; border-radius: 12px; box-shadow: 0 12px 40px #0005; }}
</style><img src="{large}" style="left: 50px; top: 50px; width: 860px">
<img src="{small}" style="right: 50px; top: 110px; width: 330px">"""


def example(folder: Path) -> None:
    """Build the example site into a folder."""
    settings = parse_config((EXAMPLE / "feeds.toml").read_text(encoding="utf-8"))
    posts = {
        file.relative_to(EXAMPLE / "posts").as_posix(): file.read_bytes()
        for file in sorted((EXAMPLE / "posts").rglob("*"))
        if file.is_file()
    }
    write_documents(built(posts, settings).values(), LocalStore(folder))


def shot(page: Page, url: str, scheme: str, width: int, height: int) -> str:
    """A screenshot of a page in a window of this size, as a data URL."""
    page.size(width, height)
    page.colours(scheme)
    page.open(url)
    data: str = page.call("Page.captureScreenshot")["data"]
    return f"data:image/png;base64,{data}"


def main() -> None:
    with tempfile.TemporaryDirectory() as made, browsing() as browser, browser.page() as page:
        folder = Path(made)
        example(folder)
        large = shot(page, (folder / "index.html").as_uri(), "light", 860, 900)
        file = folder / "category" / "linxiwanbao" / "index.html"
        small = shot(page, file.as_uri(), "dark", 360, 700)
        scene = folder / "scene.html"
        scene.write_text(SCENE.format(large=large, small=small), encoding="utf-8")
        page.size(1240, 800)
        page.open(scene.as_uri())
        data = page.call("Page.captureScreenshot")["data"]
        (ROOT / "docs" / "page.png").write_bytes(base64.b64decode(data))


if __name__ == "__main__":
    main()

"""The parts of the package's metadata that depend on the project's address: README and URLs.

All else is in pyproject.toml. README.md has links relative to the checkout, which lead nowhere on
PyPI. HOME_URL of feeds/model.py, the address of a GitHub repository, makes them absolute. As long
as it is empty, a link to a file becomes its text, and pictures are left out.
"""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).resolve().parent
_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```\n|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_ELSEWHERE = """
The documentation is in the folder `docs/` of the source archive (on PyPI: *Download files*).
"""


def constant(name: str, file: str) -> str:
    """The text that a module of the package assigns to a name."""
    text = (ROOT / "feeds" / file).read_text(encoding="utf-8")
    (value,) = re.findall(rf'^{name} = "(.*)"$', text, re.MULTILINE)
    return value


def package_readme(text: str, home: str, tag: str) -> str:
    """README.md for a page that is not beside the other files: without relative links.

    `home` is the address of the repository, or ``""``; `tag` is the tag of this version.
    """

    def link(match: re.Match[str]) -> str:
        picture, text, target = match["picture"], match["text"], match["target"]
        if re.match(r"[a-z]+:", target):
            return match[0]
        if home and not target.startswith("#"):
            return f"{picture}[{text}]({home}/{'raw' if picture else 'blob'}/{tag}/{target})"
        return "" if picture else text

    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [_LINK.sub(link, text[end : code.start()]), code[0]]
        end = code.end()
    parts += [_LINK.sub(link, text[end:]), "" if home else _ELSEWHERE]
    return re.sub(r"\n{3,}", "\n\n", "".join(parts))


def project_urls(home: str, tag: str) -> dict[str, str]:
    """The addresses of the project; without a repository, that of the package alone."""
    if not home:
        return {"Homepage": "https://pypi.org/project/bucketfeed/"}
    return {
        "Homepage": home,
        "Documentation": f"{home}/tree/{tag}/docs",
        "Changelog": f"{home}/blob/{tag}/CHANGELOG.md",
        "Issues": f"{home}/issues",
        "Source": home,
    }


if __name__ == "__main__":
    address, version_tag = (
        constant("HOME_URL", "model.py"),
        f"v{constant('__version__', '__init__.py')}",
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    setup(
        long_description=package_readme(readme, address, version_tag),
        long_description_content_type="text/markdown",
        project_urls=project_urls(address, version_tag),
    )

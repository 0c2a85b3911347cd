"""Hugo's content folders -> the sections with posts.

https://gohugo.io/configuration/module/#mounts, https://gohugo.io/content-management/sections/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from feeds.generators.site_folder import SiteFolder, SitePost, mostly_dated, patterns
from feeds.generators.values import Values, clean_path, first_text, tables, texts_at, value_at

USUAL_FOLDERS = ("content/posts", "content/post", "content/blog", "content")


class ContentRoot(NamedTuple):
    """A folder of the site that Hugo takes content from."""

    source: str
    """The folder in the site."""
    target: str
    """The folder that it is for Hugo, below ``content``; ``""`` is all content."""
    language: str
    """The language of all of its pages; ``""`` if file names say it."""


class Part(NamedTuple):
    """The posts of one section in one folder."""

    root: ContentRoot
    section: str
    """The name of the section; ``""`` for pages that are in none."""
    folder: str
    """Their folder in the site."""
    files: tuple[str, ...]
    """The posts."""


class HugoPosts(NamedTuple):
    """Where the posts of a site are."""

    folder: str
    """The folder that ids are relative to."""
    include: tuple[str, ...]
    """The patterns of posts in that folder; empty for the usual ones."""
    parts: tuple[Part, ...]
    are_named: bool = False
    """Whether the configuration names the sections."""


def content_roots(
    values: Values, site: SiteFolder, languages: tuple[str, ...]
) -> tuple[ContentRoot, ...]:
    """The folders with content: mounts, or the `contentDir` of the site or of each language."""
    roots: list[ContentRoot] = []
    for mount in tables(value_at(values, "module.mounts") or []):
        target = clean_path(first_text(mount, "target"))
        if target == "content" or target.startswith("content/"):
            below = target.removeprefix("content").strip("/")
            source, language = clean_path(first_text(mount, "source")), first_text(mount, "lang")
            roots.append(ContentRoot(source, below, language.lower()))
    if not roots:
        usual = first_text(values, "contentDir") or "content"
        own = {name: first_text(values, f"languages.{name}.contentDir") for name in languages}
        if any(own.values()):
            roots = [ContentRoot(clean_path(own[name] or usual), "", name) for name in languages]
        else:
            roots = [ContentRoot(clean_path(usual), "", "")]
    found = [root for root in dict.fromkeys(roots) if root.source and site.has_folder(root.source)]
    return tuple(sorted(found, key=lambda root: -len(root.source)))


def hugo_posts(values: Values, site: SiteFolder, roots: Iterable[ContentRoot]) -> HugoPosts:
    """The sections that the site names as its main ones, or else whose files mostly have a date.

    Pages in no section are posts only if no section has posts.
    """
    parts = _all_parts(site, roots)
    main = {name.strip("/").lower() for name in _main_sections(values)}
    chosen = {part.section for part in parts if part.section.lower() in main}
    are_named = bool(chosen)
    if not are_named:
        sections = dict.fromkeys(part.section for part in parts)
        dated = {name for name in sections if mostly_dated(_posts_of(name, parts, site))}
        chosen = dated - {""} or dated
    parts = [part for part in parts if part.section in chosen]
    folders = [*dict.fromkeys(part.folder for part in parts)]
    if not parts:
        folder = next((name for name in USUAL_FOLDERS if site.has_folder(name)), "")
        return HugoPosts(folder, (), ())
    if len(folders) == 1 and parts[0].section:
        return HugoPosts(folders[0], (), tuple(parts), are_named)
    folder = "content" if all(f"{name}/".startswith("content/") for name in folders) else "."
    start = len(folder) + 1 if folder != "." else 0
    include: list[str] = []
    for part in parts:
        found = patterns([part.folder[start:]], [path[start:] for path in part.files])
        include += found if part.section else _outside_sections(found)
    return HugoPosts(folder, tuple(dict.fromkeys(include)), tuple(parts), are_named)


def _outside_sections(found: Iterable[str]) -> list[str]:
    """The patterns of the pages that are in no section: files, and folders with ``index.md``."""
    parts = [pattern.rpartition("**/") for pattern in found]
    files = [head + name for head, _, name in parts]
    return [*files, *(f"{head}*/index{name[1:]}" for head, _, name in parts)]


def _main_sections(values: Values) -> list[str]:
    return texts_at(values, "mainSections") or texts_at(values, "params.mainSections")


def _posts_of(section: str, parts: Iterable[Part], site: SiteFolder) -> list[SitePost]:
    files = [path for part in parts if part.section == section for path in part.files]
    return site.read_posts(files)


def _all_parts(site: SiteFolder, roots: Iterable[ContentRoot]) -> list[Part]:
    """The pages of each section in each folder. A page in two folders is in the inner one."""
    found: dict[tuple[ContentRoot, str, str], list[str]] = {}
    seen: set[str] = set()
    for root in roots:
        for path in site.files(root.source):
            if path in seen or path.rpartition("/")[2].startswith("_index."):
                continue
            seen.add(path)
            folders = content_folders(path, root)
            section = folders[0] if folders else ""
            folder = root.source if root.target or not section else f"{root.source}/{section}"
            found.setdefault((root, section, folder), []).append(path)
    return [Part(*key, tuple(files)) for key, files in found.items()]


def content_folders(path: str, root: ContentRoot) -> tuple[str, ...]:
    """The folders of a page below ``content``; a folder with ``index.md`` is the page itself."""
    below = path.removeprefix(f"{root.source}/").split("/")
    is_bundle = below[-1].startswith("index.") and len(below) > 1
    inner = below[: -2 if is_bundle else -1]
    return (*(root.target.split("/") if root.target else ()), *inner)

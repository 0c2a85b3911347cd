"""Hugo's permalinks -> the pattern of addresses, and rules for other sections and languages.

https://gohugo.io/configuration/permalinks/, https://gohugo.io/configuration/ugly-urls/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from feeds.config import PostRule
from feeds.generators.settings import SiteRule
from feeds.generators.site_folder import SiteFolder
from feeds.generators.sites.field_rules import relative_rules
from feeds.generators.sites.hugo_content import ContentRoot, HugoPosts, Part, content_folders
from feeds.generators.values import Values, bool_at, first_text, merged, table_at, value_at
from feeds.reading.generators.hugo import RULES
from feeds.reading.generators.post_path import post_path


def address_rules(
    values: Values, found: HugoPosts, site: SiteFolder, languages: tuple[str, ...]
) -> tuple[str, tuple[SiteRule, ...]]:
    """The pattern of the site, and a rule for each section or language that has another one."""
    if not found.parts:
        return _pattern(values, found.folder.removeprefix("content").strip("/"), "")[0], ()
    rules: list[SiteRule] = []
    for part in found.parts:
        for language in (part.root.language, *_with_permalinks(values, part, languages)):
            pattern, reason = _pattern(values, part.section, language)
            globs = f"{part.folder}/**"
            if language != part.root.language:
                globs = f"{part.folder}/**/*.{language}.*"
            for match, own in _by_depth(pattern, globs, part, site):
                ours = _in_root(own, part.root, languages)
                rules.append(SiteRule(PostRule(match, permalink=ours), reason))
    rules = _joined(rules)
    only = {item.rule.permalink for item in rules}
    if len(only) == 1:
        rules = _joined(_languages_of_roots(found, languages))
        return only.pop() or "", relative_rules(rules, found.folder)
    rules = [item for item in rules if item.rule.permalink != RULES.permalink or ":" in item.reason]
    rules += _joined(_languages_of_roots(found, languages))
    return RULES.permalink, relative_rules(rules, found.folder)


def _joined(rules: Iterable[SiteRule]) -> list[SiteRule]:
    """The rules; those that follow each other and say the same are one."""
    found: list[SiteRule] = []
    for item in rules:
        if found and _without_match(found[-1]) == _without_match(item):
            match = tuple(dict.fromkeys((*found[-1].rule.match, *item.rule.match)))
            found[-1] = replace(item, rule=replace(item.rule, match=match))
        else:
            found.append(item)
    return found


def _without_match(item: SiteRule) -> SiteRule:
    return replace(item, rule=replace(item.rule, match=()))


def _with_permalinks(values: Values, part: Part, languages: Iterable[str]) -> list[str]:
    """The languages with permalinks of their own that names of files in this folder can say."""
    if part.root.language:
        return []
    return [name for name in languages if table_at(values, f"languages.{name}.permalinks")]


def _pattern(values: Values, section: str, language: str) -> tuple[str, str]:
    """The pattern of a section's pages in a language, and where the configuration says so."""
    table = merged(
        table_at(values, "permalinks"), table_at(values, f"languages.{language}.permalinks")
    )
    page = table_at(table, "page")
    pattern = first_text(page, section) or first_text(table, section)
    reason = f"Hugo: permalinks of {section}" if pattern else "Hugo's own addresses"
    pattern = "/" + pattern.lstrip("/") if pattern else RULES.permalink
    ugly = value_at(values, "uglyURLs")
    is_ugly = bool_at(ugly, section) if isinstance(ugly, dict) else bool_at(values, "uglyURLs")
    if is_ugly:
        pattern = pattern.rstrip("/")
        pattern += "" if pattern.endswith((".html", ".htm")) else ".html"
        reason += " (uglyURLs)" if ":" in reason else f": uglyURLs of {section}"
    return pattern, reason


# --- sections -------------------------------------------------------------------------------------

_SECTIONS = re.compile(r":(sections|folders|section)\b(?:\[([^\[\]]*)\])?")


def _by_depth(
    pattern: str, globs: str, part: Part, site: SiteFolder
) -> Iterator[tuple[tuple[str, ...], str]]:
    """The pattern for each depth of folders: for `:sections`, Hugo counts the folders of a page
    down to the last one with an ``_index.md``; the first folder always counts.
    """
    if ":sections" not in pattern:
        yield (globs,), pattern
        return
    branches = {
        content_folders(path, part.root)
        for path in site.files(part.root.source)
        if path.rpartition("/")[2].startswith("_index.")
    }
    depths: dict[int, set[tuple[str, ...]]] = {}
    is_all = True
    for path in part.files:
        folders = content_folders(path, part.root)
        counted = folders[:1]
        for end in range(2, len(folders) + 1):
            if folders[:end] in branches:
                counted = folders[:end]
        depths.setdefault(len(counted), set()).add(counted)
        is_all = is_all and len(counted) == len(folders)
    if is_all:
        yield (globs,), pattern
        return
    target = len(part.root.target.split("/")) if part.root.target else 0
    for depth in sorted({1, *depths}):
        match = [globs]
        if depth > 1:
            ending = globs.removeprefix(part.folder)
            inner = ("/".join(folders[target:]) for folders in sorted(depths[depth]))
            match = [f"{part.root.source}/{folder}{ending}" for folder in inner]
        cut = _SECTIONS.sub(partial(_cut, depth), pattern)
        yield tuple(match), re.sub("/{2,}", "/", cut)


def _cut(depth: int, found: re.Match[str]) -> str:
    """A token, with `:sections` cut to the first `depth` folders."""
    if found[1] != "sections":
        return found[0]
    first, last = _bounds(found[2], depth)
    return f":sections[{first or ''}:{last}]" if first < last else ""


def _bounds(slice_: str | None, count: int) -> tuple[int, int]:
    """The first and the last position, which does not count, of a slice of `count` folders."""
    start, colon, end = (slice_ if slice_ is not None else ":").partition(":")

    def position(text: str, usual: int) -> int:
        return count - 1 if text == "last" else int(text) if text.isdecimal() else usual

    first = position(start, 0)
    last = min(position(end, count), count) if colon else min(first + 1, count)
    return first, last


def _in_root(pattern: str, root: ContentRoot, languages: tuple[str, ...]) -> str:
    """The pattern for posts whose folders have other names in the site than for Hugo.

    ``/:section/`` is ``/posts/`` for a folder that is mounted as ``content/posts``.
    """
    target = tuple(root.target.split("/")) if root.target else ()
    seen = post_path(f"{root.source}/x.md", "", RULES.roots, languages).folders
    if seen == target:
        return pattern

    def ours(found: re.Match[str]) -> str:
        if found[1] == "section":
            return target[0] if target else f":sections[{len(seen)}]"
        start, colon, end = (found[2] if found[2] is not None else ":").partition(":")
        first = int(start) if start.isdecimal() else 0
        last = int(end) if end.isdecimal() else None
        if not colon:
            last = None if start == "last" else first + 1
        literal = target[first:last]
        if last is not None and last <= len(target):
            return "/".join(literal)
        shift = len(seen) - len(target)
        rest = (
            f":sections[{max(first, len(target)) + shift}:{'' if last is None else last + shift}]"
        )
        return "/".join((*literal, rest))

    return _SECTIONS.sub(ours, pattern)


def _languages_of_roots(found: HugoPosts, languages: tuple[str, ...]) -> Iterator[SiteRule]:
    """A rule for each folder whose name is not that of its language."""
    for part in found.parts:
        language, path = part.root.language, f"{part.folder}/x.md"
        if language and post_path(path, "", RULES.roots, languages).language != language:
            rule = PostRule((f"{part.folder}/**",), language=language)
            yield SiteRule(rule, f"Hugo: the contentDir of {language}")

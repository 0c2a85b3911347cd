"""Hugo's cascades -> rules for posts.

https://gohugo.io/configuration/cascade/, https://gohugo.io/content-management/front-matter/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from feeds import paths
from feeds.config import Config, PostRule, Posts, Site
from feeds.generators.settings import SiteRule
from feeds.generators.site_folder import SiteFolder, below
from feeds.generators.sites.field_rules import rule_of_fields
from feeds.generators.sites.hugo_content import ContentRoot, HugoPosts
from feeds.generators.values import Values, as_field, first_text, tables, value_at

_CONFIG = Config(Site("", ""), posts=Posts(generator="hugo", visibility={"hidden": "publish"}))
_MOST_PAGES = 2_000


def cascade_rules(
    values: Values, found: HugoPosts, site: SiteFolder, roots: Iterable[ContentRoot]
) -> Iterator[SiteRule]:
    """A rule for each cascade that says something of a post, the innermost folder last."""
    roots = tuple(roots)
    files = [path for part in found.parts for path in part.files]
    cascades = [("", "", value_at(values, "cascade"))]
    pages = [
        path
        for root in roots
        for path in site.files(root.source)
        if path.rpartition("/")[2].startswith("_index.")
    ]
    for path in sorted(dict.fromkeys(pages), key=lambda path: path.count("/"))[:_MOST_PAGES]:
        folder, _, name = path.rpartition("/")
        language = name.split(".")[1] if name.count(".") > 1 else ""
        cascades.append((folder, language, value_at(dict(site.page(path)), "cascade")))
    for folder, language, value in cascades:
        for table in tables(value or []):
            match = _patterns(table, folder, language, roots)
            fields = as_field(
                {name: item for name, item in table.items() if name not in ("_target", "target")}
            )
            params = as_field(value_at(table, "params"))
            if not match or not isinstance(fields, dict):
                continue
            both = {**(params if isinstance(params, dict) else {}), **fields}
            rule = rule_of_fields(match, both, _CONFIG)
            ours = below(match, found.folder)
            if (
                ours
                and rule != PostRule(match)
                and any(paths.matches(file, match) for file in files)
            ):
                where = f"cascade in {folder}/_index" if folder else "Hugo's configuration: cascade"
                yield SiteRule(rule_of_fields(ours, both, _CONFIG), where)


def _patterns(
    table: dict[str, object], folder: str, language: str, roots: tuple[ContentRoot, ...]
) -> tuple[str, ...]:
    """The patterns of the posts that a cascade is for; none if it is for other pages."""
    target = value_at(table, "_target") or value_at(table, "target")
    kind, path = first_text(target, "kind"), first_text(target, "path")
    language = first_text(target, "lang").lower() or language
    if kind and "page" not in re.split(r"[{},]", kind) and "*" not in kind:
        return ()
    found: list[str] = []
    for root in roots:
        if language and root.language and language != root.language:
            continue
        start = folder or root.source
        if not f"{start}/".startswith(f"{root.source}/"):
            continue
        globs = [f"{start}/**"]
        if path:
            globs = [
                f"{root.source}/{inner}"
                for one in _braces(path)
                if (inner := _in_root(one.strip("/"), root)) is not None
            ]
            globs = [one for glob in globs for one in _with_endings(glob)]
        if language and not root.language:
            globs = [_in_language(glob, language) for glob in globs]
        found += globs
    return tuple(dict.fromkeys(found))


def _in_language(glob: str, language: str) -> str:
    """The pattern of the files whose names say the language."""
    if glob.endswith("**"):
        return f"{glob}/*.{language}.*"
    return glob.replace(".*", f".{language}.*")


def _in_root(path: str, root: ContentRoot) -> str | None:
    """A path below ``content`` as a path below the root; None if it is not in the root."""
    if not root.target or path.startswith("**"):
        return path
    inside = f"{path}/".startswith(f"{root.target}/")
    return path.removeprefix(root.target).strip("/") if inside else None


def _with_endings(glob: str) -> list[str]:
    """The patterns of files for the path of a page, which has no ending."""
    if glob.endswith("**"):
        return [glob]
    return [f"{glob}.*", f"{glob}/index.*"]


def _braces(glob: str) -> list[str]:
    """The patterns that a pattern with alternatives stands for: ``/{a,b}/**`` is two."""
    found = re.search(r"\{([^{}]*)\}", glob)
    if not found:
        return [glob]
    rest = _braces(glob[found.end() :])
    head = glob[: found.start()]
    return [head + one + end for one in found[1].split(",")[:100] for end in rest][:100]

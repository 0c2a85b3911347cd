"""Jekyll's _config.yml and folders -> the settings of a site.

https://jekyllrb.com/docs/configuration/options/, https://jekyllrb.com/docs/structure/
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from feeds.config import PostRule
from feeds.generators.settings import SiteRule, SiteSettings, Unknown
from feeds.generators.site_folder import (
    SiteFolder,
    has_dated_name,
    mostly_dated,
    patterns,
)
from feeds.generators.sites.field_rules import relative_rules
from feeds.generators.sites.jekyll_defaults import default_rules
from feeds.generators.values import (
    SiteConfig,
    Values,
    bool_at,
    clean_path,
    first_text,
    table_at,
    texts_at,
    value_at,
)
from feeds.reading.field_values import to_text
from feeds.site_generators import SITE_GENERATORS

_STYLES = SITE_GENERATORS["jekyll"].styles
_MOST_PAIRS = 50


def is_jekyll(config: SiteConfig) -> bool:
    """Return whether the file is Jekyll's: Hexo has one of the same name."""
    return not any(value_at(config.values, name) for name in ("source_dir", "public_dir"))


def jekyll_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in a Jekyll configuration, and where the posts are."""
    url = first_text(values, "url") or _cname(site)
    settings = SiteSettings(
        title=first_text(values, "title", "name"),
        url=url.rstrip("/") + "/" + first_text(values, "baseurl").strip("/") if url else "",
        description=first_text(values, "description", "tagline"),
        language=first_text(values, "lang", "language", "locale"),
        timezone=first_text(values, "timezone"),
        author=first_text(values, "author.name", "author"),
        email=first_text(values, "author.email", "email"),
        permalink=_permalink(first_text(values, "collections.posts.permalink", "permalink")),
        hidden="publish",
        configuration=dict(values),
        built=clean_path(first_text(values, "destination")) or "_site",
        feed=clean_path(first_text(values, "feed.path")) or "feed.xml",
    )
    named = (clean_path(first_text(values, name)) for name in ("source", "collections_dir"))
    where = "/".join(filter(None, named))
    if not where or not site.has_folder(where):
        return _with_rules(_with_posts(settings, values, site), values)
    inner = SiteFolder(site.root / where)
    settings = _with_posts(settings, values, inner, is_whole=True)
    return replace(_with_rules(settings, values), posts=where)


def _cname(site: SiteFolder) -> str:
    """The address in the file CNAME, where GitHub Pages looks for it."""
    try:
        host = (site.read("CNAME") or "").strip()
    except (OSError, ValueError):
        return ""
    return f"https://{host}/" if host and not host.split()[1:] else ""


def _permalink(pattern: str) -> str:
    """The pattern, as `posts.permalink` has it; Jekyll's usual one if there is none."""
    return pattern if pattern in _STYLES else "/" + pattern.lstrip("/") if pattern else "date"


def _suffix(permalink: str) -> str:
    """The ending of a page's address, which the style of the site gives.

    https://jekyllrb.com/docs/permalinks/#pages
    """
    if permalink == "pretty" or permalink.endswith("/"):
        return "/"
    return ":output_ext" if permalink in _STYLES or permalink.endswith(":output_ext") else ""


# --- where the posts are --------------------------------------------------------------------------


def _with_posts(
    settings: SiteSettings, values: Values, site: SiteFolder, *, is_whole: bool = False
) -> SiteSettings:
    """The settings with the folder of the posts, and the patterns of several folders.

    With `is_whole`, the folder of the posts is the site's own, also if there is only one.
    """
    excluded = texts_at(values, "exclude")
    files = [path for path in site.files() if not _is_within(path, excluded)]
    folders = [*dict.fromkeys(found for path in files if (found := _post_folder(path)))]
    collections = [
        (name, f"_{name}")
        for name, table in _collections(values).items()
        if name != "posts" and bool_at(table, "output") and mostly_dated(site.posts(f"_{name}"))
    ]
    by_folder = _dated_folders(files)
    moved = _moved_folders(folders, by_folder, files, site) if folders else []
    unknown = [
        Unknown(f"whether the files in {folder}/ are posts", "their folder in posts.include, if so")
        for folder in by_folder
        if folder not in moved
    ]
    all_folders = [*folders, *(folder for _, folder in collections), *moved]
    rules = [*_collection_rules(collections, settings.permalink, values)]
    if moved:
        page = f"/:path{_suffix(settings.permalink)}"
        rules.append(
            SiteRule(
                PostRule(tuple(f"{folder}/**" for folder in moved), permalink=page),
                "Jekyll makes pages of these files: their addresses are their paths.",
            )
        )
    settings = replace(settings, rules=tuple(rules), unknown=(*settings.unknown, *unknown))
    if len(all_folders) == 1 and not is_whole:
        return replace(settings, posts=all_folders[0], rules=relative_rules(rules, all_folders[0]))
    if not all_folders and not is_whole:
        return replace(settings, posts="_posts" if site.has_folder("_posts") else "")
    reasons = {"include": f"Posts are in {_listed(all_folders)}."}
    if moved:
        both = f"{_listed(folders)} and in {_listed(moved)}"
        reasons["id_from"] = f"The same names of files are in {both}: posts move, and keep them."
    return replace(
        settings,
        posts=".",
        include=patterns(all_folders, files),
        move_folders=(*folders, *moved) if moved else (),
        reasons=reasons,
    )


def _listed(folders: Iterable[str]) -> str:
    return ", ".join(f"{folder}/" for folder in folders)


def _is_within(path: str, folders: Iterable[str]) -> bool:
    names = (folder.strip("./") for folder in folders)
    return any(name and (path == name or path.startswith(f"{name}/")) for name in names)


def _post_folder(path: str) -> str:
    """The folder ``_posts`` that a file is in; ``""`` if Jekyll does not look there.

    Jekyll skips folders that start with an underscore.
    """
    steps = path.split("/")[:-1]
    at = next((at for at, step in enumerate(steps) if step.startswith("_")), -1)
    is_dated = has_dated_name(path)
    return "/".join(steps[: at + 1]) if at >= 0 and steps[at] == "_posts" and is_dated else ""


def _dated_folders(files: list[str]) -> dict[str, list[str]]:
    """The files of each folder in which most names start with a day, and that Jekyll does not take
    for a folder of posts.
    """
    found: dict[str, list[str]] = {}
    for path in files:
        top, slash, _ = path.partition("/")
        if slash and not top.startswith("_") and "_posts/" not in path:
            found.setdefault(top, []).append(path)
    return {
        folder: paths
        for folder, paths in found.items()
        if 2 * sum(map(has_dated_name, paths)) >= len(paths)
    }


def _moved_folders(
    folders: list[str], by_folder: dict[str, list[str]], files: list[str], site: SiteFolder
) -> list[str]:
    """The folders that files of ``_posts`` are moved to: some of their names occur in both.

    The pairs mostly have one title. There are none if two files of ``_posts`` have one name,
    because then a name does not identify a post.
    """
    posts = [path for path in files if _post_folder(path) in folders]
    own = {_name(path): path for path in posts}
    found = []
    for folder, paths in by_folder.items():
        if len(own) < len(posts) or len(set(map(_name, paths))) < len(paths):
            continue
        pairs = [(own[_name(path)], path) for path in paths if _name(path) in own][:_MOST_PAIRS]
        same = sum(len(_titles(pair, site)) == 1 for pair in pairs)
        if pairs and 2 * same >= len(pairs):
            found.append(folder)
    return found


def _titles(files: Iterable[str], site: SiteFolder) -> set[str]:
    return {to_text(post.metadata.get("title", "")) for post in site.read_posts(files)}


def _name(path: str) -> str:
    return path.rpartition("/")[2]


# --- collections and defaults ---------------------------------------------------------------------


def _collections(values: Values) -> dict[str, object]:
    """The collections by name; the configuration has a list of names, or a table."""
    return {name: {} for name in texts_at(values, "collections")} | table_at(values, "collections")


def _collection_rules(
    collections: list[tuple[str, str]], permalink: str, values: Values
) -> Iterable[SiteRule]:
    """The addresses of collections: their own pattern, or their path.

    https://jekyllrb.com/docs/permalinks/#collections
    """
    for name, folder in collections:
        own = first_text(_collections(values)[name], "permalink")
        pattern = own or f"/:collection/:path{_suffix(permalink)}"
        if own or permalink not in _STYLES:
            reason = f"collections: {name}: permalink" if own else f"collections: {name}"
            pattern = pattern if pattern.startswith("/") or pattern in _STYLES else f"/{pattern}"
            yield SiteRule(PostRule((f"{folder}/**",), permalink=pattern), f"_config.yml: {reason}")


def _with_rules(settings: SiteSettings, values: Values) -> SiteSettings:
    """The settings with a rule for each of the `defaults`.

    One that gives all posts an address needs no rule: that is the site's own pattern.
    """
    rules = list(relative_rules(default_rules(values), settings.posts))
    weakest = next((item for item in rules if item.rule.permalink), None)
    if weakest and settings.posts != "." and "**" in weakest.rule.match:
        at = rules.index(weakest)
        rules[at] = replace(weakest, rule=replace(weakest.rule, permalink=None))
        reasons = {**settings.reasons, "permalink": weakest.reason}
        settings = replace(settings, permalink=weakest.rule.permalink, reasons=reasons)
    said = [item for item in rules if item.rule != PostRule(item.rule.match)]
    return replace(settings, rules=(*settings.rules, *said))

"""Zola's configuration and sections -> the settings of a site.

https://www.getzola.org/documentation/getting-started/configuration/
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from feeds.generators.settings import SiteSettings, Unknown
from feeds.generators.site_folder import SiteFolder, SitePost, below
from feeds.generators.sites.hugo_content import ContentRoot, content_folders
from feeds.generators.values import (
    SiteConfig,
    Values,
    bool_at,
    clean_path,
    first_text,
    list_at,
    table_at,
    tables,
    texts_at,
    value_at,
)
from feeds.reading.dates import date_in_path
from feeds.reading.field_values import parse_bool, to_text

_ROOT = ContentRoot("content", "", "")


_SLUGS = {
    "off": (":raw_slug", 'slugify.paths is "off": names stay as they are.'),
    "safe": (":safe_slug", 'slugify.paths is "safe": names lose only what Windows does not allow.'),
}
"""The token of a pattern for each way to make slugs, and the reason for it."""


def is_zola(config: SiteConfig) -> bool:
    """Return whether the file is Zola's: its address is `base_url`, that of Hugo is `baseURL`."""
    return config.file == "zola.toml" or value_at(config.values, "base_url") is not None


def zola_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in a Zola configuration, and where the posts are."""
    main = first_text(values, "default_language") or "en"
    others = tuple(name for name in table_at(values, "languages") if name != main)
    drafts = _draft_sections(site)
    folder, include, reason = _posts(site, drafts)
    exclude = below([f"{section}/**" for section in drafts], folder) if folder else ()
    reasons = {"include": reason} if include else {}
    if exclude:
        reasons["exclude"] = "_index.md in these folders has draft = true: Zola skips them."
    permalink, why = _permalink(values)
    if why:
        reasons["permalink"] = why
    taxonomies = {first_text(table, "name") for table in tables(list_at(values, "taxonomies"))}
    only_tags = "tags" in taxonomies and "categories" not in taxonomies
    if only_tags:
        reasons["taxonomies"] = "The site has the taxonomy tags, and not categories."
    return SiteSettings(
        title=first_text(values, "title"),
        url=first_text(values, "base_url"),
        description=first_text(values, "description"),
        language=main,
        timezone="UTC",  # of dates without a zone
        author=first_text(values, "author", "extra.author.name", "extra.author"),
        email=first_text(values, "extra.author.email", "extra.email"),
        permalink=permalink,
        posts=folder,
        include=include,
        exclude=exclude,
        languages=(main, *others) if others else (),
        language_folders="others" if others else "",
        taxonomies=("tag",) if only_tags else ("category",),
        reasons=reasons,
        unknown=tuple(_unknown(taxonomies - {"", "tags", "categories", "authors"})),
        hidden="publish",
        built=clean_path(first_text(values, "output_dir")) or "public",
        feed=next(iter(texts_at(values, "feed_filenames")), "") or "atom.xml",
    )


def _permalink(values: Values) -> tuple[str, str]:
    """The pattern of addresses, and the reason if it is not the usual one."""
    style = first_text(values, "slugify.paths")
    token, reason = _SLUGS.get(style, (":slug", ""))
    if bool_at(values, "slugify.paths_keep_dates"):
        token += "_with_day"
        reason = f"{reason} slugify.paths_keep_dates: days in names stay.".strip()
    return f"/:folders/{token}/", reason


def _unknown(taxonomies: Iterable[str]) -> Iterable[Unknown]:
    for name in sorted(taxonomies):
        what = f"whether the taxonomy {name} is one of categories or of tags"
        yield Unknown(what, f"taxonomies.{name} into category_keys or tag_keys below [posts]")


# --- where the posts are --------------------------------------------------------------------------


def _draft_sections(site: SiteFolder) -> tuple[str, ...]:
    """The folders of sections that are drafts; Zola skips all that is in them."""
    indexes = [path for path in site.files(_ROOT.source, (".md",)) if path.endswith("/_index.md")]
    drafts = (path for path in indexes if parse_bool(to_text(site.page(path).get("draft", ""))))
    return tuple(path.removesuffix("/_index.md") for path in drafts)


def _posts(site: SiteFolder, drafts: tuple[str, ...]) -> tuple[str, tuple[str, ...], str]:
    """The folder of the posts, the patterns of those in it, and the reason for these.

    They are the sections whose pages mostly have a date. Of the pages in no section, a single one
    is not a post.
    """
    sections: dict[str, list[str]] = {}
    for path in site.files(_ROOT.source, (".md",)):
        is_draft = any(path.startswith(f"{section}/") for section in drafts)
        if not is_draft and not path.rpartition("/")[2].startswith("_index."):
            section = next(iter(content_folders(path, _ROOT)), "")
            sections.setdefault(section, []).append(path)
    chosen = []
    for section, files in sections.items():
        pages = site.read_posts(files)
        dated = sum(map(_has_date, pages))
        if dated and 2 * dated >= len(pages) and (section or dated > 1 or len(sections) == 1):
            chosen.append(section)
    if not chosen:
        return _ROOT.source if site.has_folder(_ROOT.source) else "", (), ""
    if len(chosen) == 1 and chosen[0]:
        return f"{_ROOT.source}/{chosen[0]}", (), ""
    if len(chosen) == len(sections):
        return _ROOT.source, (), ""
    names = ", ".join(section or "the root" for section in chosen)
    reason = f"Most files in these sections have a date: {names}. Others are pages."
    include = [f"{section}/**/*.md" for section in chosen if section]
    if "" in chosen:
        endings = ("index.md", "index.*.md") if _has_languages(site) else ("index.md",)
        include += ["*.md", *(f"*/{name}" for name in endings)]
    return _ROOT.source, tuple(include), reason


def _has_languages(site: SiteFolder) -> bool:
    """Return whether a page in a folder of its own has another language (``index.de.md``)."""
    names = (path.rpartition("/")[2] for path in site.files(_ROOT.source, (".md",)))
    return any(name.startswith("index.") and name.count(".") > 1 for name in names)


def _has_date(post: SitePost) -> bool:
    """Return whether a page has a date: in a field, in its name, or in its `path`."""
    return post.has_date or date_in_path(post.fields.text(("path",)), UTC) is not None

"""Pelican's pelicanconf.py and publishconf.py -> the settings of a site.

https://docs.getpelican.com/en/latest/settings.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from feeds.config import PostRule
from feeds.generators.settings import SiteRule, SiteSettings, Unknown
from feeds.generators.site_folder import SiteFolder, patterns
from feeds.generators.values import (
    SiteConfig,
    Values,
    bool_at,
    clean_path,
    first_text,
    read_values,
    table_at,
    texts_at,
    value_at,
)

_ENDINGS = (".md", ".markdown", ".mkd", ".mdown", ".html", ".htm")
_PAGES = "pages"
_TRANSLATION = "{slug}-{lang}.html"
_DAY_AND_SLUG = re.compile(
    r"\^?\(\?P<date>\\d\{4\}-\\d\{2\}-\\d\{2\}\)(?:\[[-_ ]+\]|[-_])\(\?P<slug>\.[*+]\)\$?"
)
"""The pattern of names with a day and a slug, as Pelican's documentation has it."""


def read_pelican(site: SiteFolder) -> SiteConfig:
    """The settings of pelicanconf.py, and above them those that publishconf.py has for the live
    site: `pelican-quickstart` writes the address of the site only there.
    """
    config = read_values(site, "pelicanconf.py")
    live = read_values(site, "publishconf.py")
    if not config.file:
        return config
    said = {name: value for name, value in live.values.items() if value not in ("", None)}
    return SiteConfig(config.file, {**config.values, **said}, live.unreadable)


def is_pelican(config: SiteConfig) -> bool:
    """Return whether the file has a setting that each site of Pelican has."""
    return bool(first_text(config.values, "SITENAME", "SITEURL"))


def pelican_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in a Pelican configuration, and where the articles are."""
    folders = (clean_path(first_text(values, "PATH")), "content")
    posts = next((name for name in folders if name and site.has_folder(name)), "")
    include, exclude = _articles(values, posts, site)
    slug, unknown = _slug(values)
    pattern = "/" + (first_text(values, "ARTICLE_URL") or "{slug}.html").lstrip("/")
    translations, later = _translations(values, pattern, slug, posts, site)
    return SiteSettings(
        title=first_text(values, "SITENAME"),
        url=first_text(values, "SITEURL"),
        description=first_text(values, "SITESUBTITLE"),
        language=first_text(values, "DEFAULT_LANG"),
        timezone=first_text(values, "TIMEZONE"),
        author=first_text(values, "AUTHOR"),
        permalink=pattern.replace("{slug}", slug),
        posts=posts,
        include=include,
        exclude=exclude,
        rules=(*_category_rules(values), *translations),
        reasons={
            **({"include": "ARTICLE_PATHS"} if include else {}),
            **({"exclude": "PAGE_PATHS and ARTICLE_EXCLUDES"} if exclude else {}),
        },
        unknown=(*unknown, *later, *_unknown(values)),
        hidden="publish",
        built=clean_path(first_text(values, "OUTPUT_PATH")) or "output",
        feed=clean_path(first_text(values, "FEED_ALL_ATOM")) or "feeds/all.atom.xml",
    )


def _articles(
    values: Values, posts: str, site: SiteFolder
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The patterns of the files that are articles, and of those among them that are not."""
    start = len(posts) + 1
    files = [path[start:] for path in site.files(posts, _ENDINGS)] if posts else []
    chosen = [*map(clean_path, texts_at(values, "ARTICLE_PATHS"))]
    include = () if not chosen or "" in chosen else patterns(chosen, files)
    others = (*texts_at(values, "PAGE_PATHS"), *texts_at(values, "ARTICLE_EXCLUDES"))
    excluded = [folder for name in others if (folder := clean_path(name)) not in ("", _PAGES)]
    return include, tuple(f"{folder}/**" for folder in dict.fromkeys(excluded))


# --- addresses ------------------------------------------------------------------------------------


def _slug(values: Values) -> tuple[str, tuple[Unknown, ...]]:
    """The field of a pattern that stands for the slug; what cannot be known of it.

    The field follows settings that a pattern of Pelican cannot show.
    """
    named = first_text(values, "FILENAME_METADATA")
    if "(?P<slug>" in named:
        if _DAY_AND_SLUG.fullmatch(named):
            return "{undated_name}", ()
        what = f"the slug that FILENAME_METADATA takes from names of files ({named})"
        return "{slug}", (Unknown(what, "a slug in these posts"),)
    if first_text(values, "SLUGIFY_SOURCE") == "basename":
        return "{basename_slug}", ()
    return "{unicode_slug}" if bool_at(values, "SLUGIFY_USE_UNICODE") else "{slug}", ()


def _translations(
    values: Values, pattern: str, slug: str, posts: str, site: SiteFolder
) -> tuple[tuple[SiteRule, ...], tuple[Unknown, ...]]:
    """The rule with `ARTICLE_LANG_URL` for articles in other languages; what cannot be known.

    A rule knows files and folders, and Pelican looks at the field `lang`.
    """
    own = "/" + (first_text(values, "ARTICLE_LANG_URL") or _TRANSLATION).lstrip("/")
    usual = pattern if "{lang}" in pattern else f"/{_TRANSLATION}"
    if own == usual.replace("{slug}", slug) or not posts:
        return (), ()
    main = (first_text(values, "DEFAULT_LANG") or "en").lower()
    languages = {
        post.path[len(posts) + 1 :]: post.fields.text(("lang",)).lower() or main
        for post in site.read_posts(site.files(posts, _ENDINGS))
    }
    others = [path for path, language in languages.items() if language != main]
    if not others:
        return (), ()
    main_folders = {path.rpartition("/")[0] for path in languages if path not in others}
    match: dict[str, None] = {}
    for path in others:
        folder = path.rpartition("/")[0]
        is_mixed = not folder or any(f"{name}/".startswith(f"{folder}/") for name in main_folders)
        match[path if is_mixed else f"{folder}/**"] = None
    rule = PostRule(tuple(match), permalink=own.replace("{slug}", slug))
    what = "the addresses of later posts in other languages (ARTICLE_LANG_URL)"
    todo = f"their files or folders into the rule with {rule.permalink}"
    is_complete = all(glob.endswith("/**") for glob in match)
    reason = "ARTICLE_LANG_URL: these articles are in other languages."
    return (SiteRule(rule, reason),), () if is_complete else (Unknown(what, todo),)


# --- categories, and what cannot be known ---------------------------------------------------------


def _category_rules(values: Values) -> Iterable[SiteRule]:
    """The category of articles that name none: that of their folder is known without a rule."""
    category = first_text(values, "DEFAULT_CATEGORY") or "misc"
    if bool_at(values, "USE_FOLDER_AS_CATEGORY") is False:
        yield SiteRule(PostRule(("**",), categories=(category,)), "USE_FOLDER_AS_CATEGORY is off.")
    elif category != "misc":
        yield SiteRule(PostRule(("*",), categories=(category,)), "DEFAULT_CATEGORY")


def _unknown(values: Values) -> Iterable[Unknown]:
    for name in ("SLUG_REGEX_SUBSTITUTIONS", "ARTICLE_REGEX_SUBSTITUTIONS", "SLUG_SUBSTITUTIONS"):
        if value_at(values, name):
            yield Unknown(f"slugs after {name}", "a slug in posts whose address it changes")
    if first_text(values, "PATH_METADATA"):
        what = "fields that PATH_METADATA takes from the folders of posts"
        yield Unknown(what, "them as [[posts.rules]], or into the posts")
    if value_at(values, "DEFAULT_DATE"):
        yield Unknown("dates from DEFAULT_DATE", "a date in posts that have none")
    status = first_text(table_at(values, "DEFAULT_METADATA"), "status")
    if status and status != "published":
        what = f"that posts without a status are {status} (DEFAULT_METADATA)"
        yield Unknown(what, "published = false in a rule for them")

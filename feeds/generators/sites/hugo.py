"""Hugo's configuration and content -> the settings of a site.

https://gohugo.io/configuration/introduction/ has the files, https://gohugo.io/configuration/all/
the settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from feeds.generators.settings import SiteSettings, Unknown
from feeds.generators.site_folder import SiteFolder
from feeds.generators.sites.hugo_addresses import address_rules
from feeds.generators.sites.hugo_cascades import cascade_rules
from feeds.generators.sites.hugo_content import HugoPosts, content_roots, hugo_posts
from feeds.generators.values import (
    PARSERS,
    SiteConfig,
    Values,
    bool_at,
    clean_path,
    first_text,
    merged,
    read_values,
    table_at,
    texts_at,
    value_at,
)

_ENDINGS = ("toml", "yaml", "yml", "json")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def is_hugo(config: SiteConfig) -> bool:
    """Return whether the file is Hugo's: many programs have a file ``config.toml``."""
    has_name = config.file.startswith(("hugo.", "config/"))
    return has_name or value_at(config.values, "baseURL") is not None


def read_hugo(site: SiteFolder) -> SiteConfig:
    """The values of all files of Hugo's configuration, as for a build of the site."""
    names = (f"{name}.{ending}" for name in ("hugo", "config") for ending in _ENDINGS)
    config = read_values(site, *names)
    for folder in ("config/_default", "config/production"):
        for name in site.names(folder):
            table, _, ending = name.rpartition(".")
            if table and ending in PARSERS and ending != "py":
                one = read_values(site, f"{folder}/{name}")
                values = merged(config.values, _in_its_table(table, one.values))
                unreadable = config.unreadable or one.unreadable
                config = SiteConfig(config.file or one.file, values, unreadable)
    return config


def _in_its_table(name: str, values: Values) -> Values:
    """The values of a file that is named by a table (``params.toml``), perhaps of a language.

    ``params.de.toml`` is the table `params` of the language `de`.
    """
    if name in ("hugo", "config"):
        return values
    table, dot, language = name.partition(".")
    if not dot or table == "languages":
        return {table: {language: values} if dot else values}
    return {"languages": {language: {table: values}}}


def hugo_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in a Hugo configuration, and where the posts are."""
    languages, main = _languages(values)
    own = merged(values, table_at(values, f"languages.{main}"))
    in_folders = _language_folders(values, languages)
    names_language = bool(languages) and in_folders != "none"
    locale = first_text(own, "locale", "languageCode") or main
    roots = content_roots(values, site, languages)
    found = hugo_posts(own, site, roots)
    permalink, rules = address_rules(values, found, site, languages)
    date_keys, unknown = _date_keys(values)
    reasons = {"include": _sections_reason(found)} if found.include else {}
    return SiteSettings(
        title=first_text(own, "title"),
        url=first_text(own, "baseURL"),
        description=first_text(own, "params.description", "params.subtitle"),
        language=main if names_language else locale,
        timezone=first_text(own, "timeZone") or "UTC",
        author=first_text(own, "params.author.name", "params.author", "author.name"),
        email=first_text(own, "params.author.email", "params.email", "author.email"),
        permalink=permalink,
        posts=found.folder,
        include=found.include,
        rules=(*rules, *cascade_rules(values, found, site, roots)),
        languages=languages,
        language_folders=in_folders if languages else "",
        date_keys=date_keys,
        reasons=reasons,
        unknown=(*unknown, *_unknown(values, languages)),
        hidden="publish",
        built=clean_path(first_text(values, "publishDir")) or "public",
        feed=f"{clean_path(first_text(values, 'outputFormats.RSS.baseName')) or 'index'}.xml",
    )


def _sections_reason(found: HugoPosts) -> str:
    names = ", ".join(sorted({part.section or "the root" for part in found.parts}))
    if found.are_named:
        return f"The main sections of the site are {names} (mainSections)."
    return f"Most files in these sections have a date: {names}. Others are pages."


def _languages(values: Values) -> tuple[tuple[str, ...], str]:
    """The languages of the site, and the main one; none if it does not name any."""
    disabled = {name.lower() for name in texts_at(values, "disableLanguages")}
    names = tuple(
        name.lower()
        for name, table in table_at(values, "languages").items()
        if _LANGUAGE.fullmatch(name)
        and name.lower() not in disabled
        and not bool_at(table, "disabled")
    )
    main = first_text(values, "defaultContentLanguage").lower()
    return names, main or (names[0] if len(names) == 1 else "en")


def _language_folders(values: Values, languages: tuple[str, ...]) -> str:
    """Whose pages are in a folder of their language.

    https://gohugo.io/content-management/multilingual/
    """
    if _has_hosts(values, languages):
        return "none"
    if bool_at(values, "defaultContentLanguageInSubdir"):
        return "all"
    return "others" if len(languages) > 1 else "none"


def _has_hosts(values: Values, languages: Iterable[str]) -> bool:
    """Return whether languages have addresses of their own."""
    return any(first_text(values, f"languages.{name}.baseURL") for name in languages)


def _date_keys(values: Values) -> tuple[tuple[str, ...], list[Unknown]]:
    """The fields with the date, if the site names others than Hugo's own.

    https://gohugo.io/configuration/front-matter/
    """
    names = texts_at(values, "frontmatter.date")
    fields = [name for name in names if not name.startswith(":")]
    if ":default" in names or not fields:
        fields += ["date", "publishDate", "pubdate", "published"]
    unknown = []
    for name in names:
        if name.lower() not in (":default", ":filename") and name.startswith(":"):
            what = f"the dates of posts that have them from {name} (frontmatter.date)"
            unknown.append(Unknown(what, "a date in these posts"))
    usual = not names or not any(not name.startswith(":") for name in names)
    return (() if usual or fields[0] == "date" else tuple(dict.fromkeys(fields))), unknown


def _unknown(values: Values, languages: tuple[str, ...]) -> Iterable[Unknown]:
    if _has_hosts(values, languages):
        what = "the addresses of languages with a baseURL of their own: feeds have one site.url"
        yield Unknown(what, "a feeds.toml for each language")
    if bool_at(values, "disablePathToLower"):
        what = "addresses with capital letters (disablePathToLower): feeds have small ones"
        yield Unknown(what, "the field url in posts with capital letters in their file name")

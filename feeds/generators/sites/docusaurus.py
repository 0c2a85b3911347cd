"""Docusaurus's configuration and the folder of its blog -> the settings of a site.

https://docusaurus.io/docs/api/docusaurus-config has the settings,
https://docusaurus.io/docs/api/plugins/@docusaurus/plugin-content-blog those of the blog.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from feeds.config import PostRule
from feeds.generators.javascript import is_expression, read_object
from feeds.generators.settings import SiteRule, SiteSettings, Unknown
from feeds.generators.site_folder import MDX_ENDINGS, SiteFolder
from feeds.generators.values import SiteConfig, Values, bool_at, clean_path, first_text, value_at
from feeds.text import language_tag

_FILES = tuple(f"docusaurus.config.{ending}" for ending in ("js", "ts", "mjs", "cjs", "mts", "cts"))
_PLUGIN = "docusaurus-plugin-content-blog"
_BLOG = "presets.blog"


def read_docusaurus(site: SiteFolder) -> SiteConfig:
    """The object in the configuration that has the address of the site."""
    return read_object(site, _FILES, ("url", "baseUrl"))


def docusaurus_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in a Docusaurus configuration, and where the posts of the blog are."""
    url = first_text(values, "url")
    blog = _blog(values, site)
    base = _route(values)
    slash = "/" if bool_at(values, "trailingSlash") else ""
    language = first_text(values, "i18n.defaultLocale") or "en"
    translated = _translations(site, language) if blog else ()
    settings = SiteSettings(
        title=first_text(values, "title"),
        url=f"{url.rstrip('/')}/{first_text(values, 'baseUrl').strip('/')}" if url else "",
        description=first_text(values, "tagline"),
        language=language,
        timezone="UTC",
        permalink=f"{base}/:slug{slash}",
        posts="." if translated else blog,
        include=tuple(f"**/*{ending}" for ending in MDX_ENDINGS),
        reasons={"include": "Posts are Markdown or MDX."},
        unknown=tuple(_unknown(values, blog, site)),
        hidden="publish",
        built="build",
    )
    if not translated:
        return settings
    return _with_translations(settings, (blog, *translated))


def _blog(values: Values, site: SiteFolder) -> str:
    """The folder of the posts; ``""`` if there is none."""
    own = clean_path(first_text(values, f"{_BLOG}.path")) or "blog"
    return own if site.has_folder(own) and bool_at(values, _BLOG) is not False else ""


def _route(values: Values) -> str:
    route = value_at(values, f"{_BLOG}.routeBasePath")
    return f"/{route.strip('/')}".rstrip("/") if isinstance(route, str) else "/blog"


def _unknown(values: Values, blog: str, site: SiteFolder) -> Iterable[Unknown]:
    """What the configuration works out when it runs."""
    for name, what, todo in (
        ("baseUrl", "the folder of the site on its host", "it at the end of site.url"),
        ("tagline", "the description of the site", "it as site.description"),
        ("i18n.defaultLocale", "the language of the site", "it as site.language"),
        (f"{_BLOG}.routeBasePath", "where the blog is on the site", "permalink, as /blog/:slug"),
        (f"{_BLOG}.path", "the folder of the posts", "it as posts.folder"),
        ("trailingSlash", "whether addresses end in /", "permalink = /blog/:slug/, if so"),
    ):
        if is_expression(values, name):
            yield Unknown(f"{what} ({name.removeprefix('presets.')} is code)", todo)
    if value_at(values, "plugins.routeBasePath") is not None:
        what = "which plugin the settings path and routeBasePath in plugins are of"
        yield Unknown(what, "another feeds.toml with the folder and the permalink of another blog")
    if blog and site.names(blog).count("authors.yml"):
        what = f"the names of authors in {blog}/authors.yml: feeds have their keys"
        yield Unknown(what, "names as authors in posts, if feeds should have them")


# --- translations ---------------------------------------------------------------------------------


def _translations(site: SiteFolder, main: str) -> tuple[str, ...]:
    """The folders of posts in other languages than the main one."""
    starts = (path.split("/")[:3] for path in site.files("i18n", MDX_ENDINGS))
    return tuple(
        dict.fromkeys(
            "/".join(steps)
            for steps in starts
            if steps[2:] == [_PLUGIN] and steps[1] != main and language_tag(steps[1])
        )
    )


def _with_translations(settings: SiteSettings, folders: tuple[str, ...]) -> SiteSettings:
    """The settings of a blog in several folders: each language has its own addresses."""
    rules = []
    for folder in folders[1:]:
        language = folder.split("/")[1]
        rule = PostRule(
            (f"{folder}/**",),
            permalink=f"/{language}{settings.permalink}",
            language=language_tag(language),
        )
        rules.append(SiteRule(rule, f"These posts are in the language {language}."))
    include = tuple(f"{folder}/**/*{ending}" for folder in folders for ending in MDX_ENDINGS)
    reasons = {**settings.reasons, "include": f"Posts are in {', '.join(folders)}."}
    return replace(settings, rules=tuple(rules), include=include, reasons=reasons)

"""`feeds init` on Astro sites: collections, the pages that show them, and the texts of themes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.generator_sites import Site, initialised, post_text

POST = post_text("title: A title", "pubDate: 2026-01-02")
PAGE = post_text("title: A page")
TEXTS = "export const SITE_TITLE = 'Stars';\nexport const SITE_DESCRIPTION = `And planets`;\n"
ROUTE = "---\nconst posts = await getCollection('{}');\n---\n<p/>\n"


def astro(folder: Path, config: str, *posts: str, **others: str) -> Site:
    """A site with posts at these paths below ``src/content``."""
    text = f"export default defineConfig({{ site: 'https://a.example', {config} }});"
    files = {f"src/content/{path}": POST for path in posts}
    return initialised(
        folder, {"astro.config.mjs": text, "src/consts.ts": TEXTS, **files, **others}
    )


def test_the_settings_of_a_site(tmp_path: Path) -> None:
    others = {"src/content/docs/page.md": PAGE, "src/pages/blog/[...slug].astro": ROUTE}
    site = astro(tmp_path, "base: '/sky'", "blog/First.md", "blog/2/index.mdx", **others)
    config = site.config

    assert (config.posts.generator, config.posts.folder) == ("astro", "src/content/blog")
    assert (config.site.title, config.site.description) == ("Stars", "And planets")
    assert config.site.url == "https://a.example/sky/"
    assert site.urls == {
        "src/content/blog/First.md": "/blog/first/",
        "src/content/blog/2/index.mdx": "/blog/2/",
    }
    assert site.settings.unknown == ()


def test_the_collection_with_most_dated_posts_has_the_posts(tmp_path: Path) -> None:
    site = astro(tmp_path, "", "notes/a.md", "log/b.md", "log/c.md")
    assert site.config.posts.folder == "src/content/log"


@pytest.mark.parametrize(
    ("pages", "url"),
    [
        ({"src/pages/[...slug].astro": "blog"}, "/a/"),
        ({"src/pages/articles/[id]/index.astro": "blog"}, "/articles/a/"),
        ({"src/pages/x/[slug].astro": "notes", "src/pages/y/[slug].astro": "blog"}, "/y/a/"),
        ({"src/pages/blog/[slug].astro": "", "src/pages/t/[slug].astro": ""}, "/blog/a/"),
        ({"src/pages/w/[slug].astro": "blog", "src/pages/blog/[page].astro": "blog"}, "/w/a/"),
    ],
)
def test_the_page_that_shows_a_collection_has_its_address(
    tmp_path: Path, pages: dict[str, str], url: str
) -> None:
    files = {path: ROUTE.format(name) for path, name in pages.items()}
    site = astro(tmp_path, "", "blog/a.md", **files)

    assert [*site.urls.values()] == [url]
    assert site.settings.unknown == ()


def test_a_collection_whose_pages_are_not_found_is_not_known(tmp_path: Path) -> None:
    site = astro(tmp_path, "", "blog/a.md", **{"src/pages/[lang]/[slug].astro": ROUTE})

    assert [item.what for item in site.settings.unknown] == [
        "where the pages of the posts in src/content/blog/ are"
    ]


@pytest.mark.parametrize(
    ("config", "url"),
    [("trailingSlash: 'never'", "/blog/a"), ("build: { format: 'file' }", "/blog/a.html")],
)
def test_the_ending_of_addresses(tmp_path: Path, config: str, url: str) -> None:
    pages = {"src/pages/blog/[slug].astro": ROUTE.format("blog")}
    assert [*astro(tmp_path, config, "blog/a.md", **pages).urls.values()] == [url]


def test_a_loader_names_the_folder_of_a_collection(tmp_path: Path) -> None:
    content = (
        "const blog = defineCollection({\n"
        "  loader: glob({ pattern: '**/*.md', base: './texts/blog' }),\n});\n"
    )
    files = {"src/content.config.ts": content, "texts/blog/a.md": POST}
    pages = {"src/pages/b/[id].astro": ROUTE.format("blog")}
    site = astro(tmp_path, "", **files, **pages)

    assert site.config.posts.folder == "texts/blog"
    assert site.urls == {"texts/blog/a.md": "/b/a/"}


def test_the_texts_may_be_in_an_object(tmp_path: Path) -> None:
    text = """export const SITE = {
      website: "https://o.example/", author: "Bo", title: "Object", desc: "Of texts",
      lang: "de",
    } as const;"""
    config = (
        "import { SITE } from './src/config';\nexport default defineConfig({ site: SITE.website });"
    )
    site = initialised(
        tmp_path,
        {"astro.config.ts": config, "src/config.ts": text, "src/content/blog/a.md": POST},
    ).config.site

    assert (site.title, site.description, site.language) == ("Object", "Of texts", "de")
    assert site.url == "https://o.example/"


def test_the_date_may_be_in_a_field_of_a_theme(tmp_path: Path) -> None:
    files = {
        "src/data/blog/a.md": post_text("title: A title", "pubDatetime: 2026-01-02T10:00:00Z"),
        "src/data/authors/bo.md": PAGE,
        "src/pages/posts/[...slug]/index.astro": ROUTE.format("blog"),
    }
    site = astro(tmp_path, "", **files)

    assert site.urls == {"src/data/blog/a.md": "/posts/a/"}
    assert site.config.posts.date_keys[:2] == ("pubDatetime", "date")

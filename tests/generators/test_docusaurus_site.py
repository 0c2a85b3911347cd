"""`feeds init` on Docusaurus sites: the configuration is code, of which plain values are read."""

from __future__ import annotations

from pathlib import Path

from support.generator_sites import Site, initialised, post_text

POST = post_text("title: A title")
CONFIG = """
// @ts-check
const config = {
  title: 'Rivers',
  tagline: "All of them",
  url: 'https://d.example',
  baseUrl: '/water/',
  i18n: { defaultLocale: 'fr', locales: ['fr', 'de'] },
  %s
  presets: [['classic', { docs: false, blog: { %s } }]],
};
module.exports = config;
"""


def docusaurus(folder: Path, *posts: str, setting: str = "", blog: str = "") -> Site:
    """A site with posts at these paths."""
    files = dict.fromkeys(posts, POST)
    return initialised(folder, {"docusaurus.config.js": CONFIG % (setting, blog), **files})


def test_the_settings_of_a_site(tmp_path: Path) -> None:
    site = docusaurus(tmp_path, "blog/2026-01-02-lake.md", "blog/2026-01-03-sea/index.mdx")
    config = site.config

    assert (config.posts.generator, config.posts.folder) == ("docusaurus", "blog")
    assert (config.site.title, config.site.description) == ("Rivers", "All of them")
    assert (config.site.url, config.site.language) == ("https://d.example/water/", "fr")
    assert site.urls == {
        "blog/2026-01-02-lake.md": "/blog/2026/01/02/lake",
        "blog/2026-01-03-sea/index.mdx": "/blog/2026/01/03/sea",
    }
    assert site.settings.post_count == 2
    assert site.settings.unknown == ()


def test_the_route_and_the_folder_of_the_blog(tmp_path: Path) -> None:
    site = docusaurus(
        tmp_path,
        "news/2026-01-02-lake.md",
        setting="trailingSlash: true,",
        blog="path: './news', routeBasePath: '/'",
    )
    assert site.urls == {"news/2026-01-02-lake.md": "/2026/01/02/lake/"}


def test_a_blog_that_is_switched_off_has_no_posts(tmp_path: Path) -> None:
    files = {"blog/2026-01-02-lake.md": POST}
    config = (
        "export default { title: 'T', url: 'https://d.example', presets: [['x', {blog: false}]] }"
    )
    settings = initialised(tmp_path, {"docusaurus.config.ts": config, **files}).settings
    assert (settings.generator, settings.posts) == ("Docusaurus", "")


def test_translations_have_rules_of_their_own(tmp_path: Path) -> None:
    other = "i18n/%zz/docusaurus-plugin-content-blog/2026-01-02-lake.md"
    german = "i18n/de/docusaurus-plugin-content-blog/2026-01-02-lake.md"
    site = docusaurus(tmp_path, "blog/2026-01-02-lake.md", german, other, "i18n/de/other/page.md")

    assert site.urls == {
        "blog/2026-01-02-lake.md": "/blog/2026/01/02/lake",
        german: "/de/blog/2026/01/02/lake",
    }
    assert site.posts[german].language == "de"


def test_what_is_code_is_not_known(tmp_path: Path) -> None:
    config = """export default {
      title: 'T', url: process.env.URL, baseUrl: `/${x}/`,
      presets: [['classic', {blog: {routeBasePath: route()}}]],
    }"""
    files = {"blog/2026-01-02-lake.md": POST, "blog/authors.yml": "bo: {name: Bo}\n"}
    site = initialised(tmp_path, {"docusaurus.config.mjs": config, **files})

    assert "only an example" in site.text
    assert [item.what for item in site.settings.unknown] == [
        "the folder of the site on its host (baseUrl is code)",
        "where the blog is on the site (blog.routeBasePath is code)",
        "the names of authors in blog/authors.yml: feeds have their keys",
    ]

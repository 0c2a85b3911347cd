"""Ids of entries are those that the real feeds of generators have, or that `posts.id` says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.real_feeds import JEKYLL_CONFIG, PELICAN_CONFIG, REAL_SITES, URL

from feeds.config_file.parse import parse_config
from feeds.errors import ConfigError
from feeds.reading.post import read_post
from feeds.reading.selection import is_post
from feeds.stores.local import LocalStore

NOW = datetime(2026, 11, 30, tzinfo=UTC)

NAMES = {
    "plain": "",
    "Capitals": "",
    "with space": "",
    "a.b.c": "",
    "a+b~c_d": "",
    "财经新闻": "",
    "Ünïcode": "",
    "Zu\u0308rich": "",
    "100%": "",
    "it's (really) so!": "",
    "[a] {b} ^c|d": "",
}
OTHER_SIGNS = ["it's (really) so!", "100%", "[a] {b} ^c|d"]
"""Names that Eleventy's plugin writes in ways of its own (docs/migration.md)."""
MORE: dict[str, dict[str, str]] = {
    "jekyll": {
        "own": "permalink: /own/:title/",
        "page": "permalink: /page.html",
        "folder": "permalink: /folder/",
        "named": "slug: An Own Slug",
        "sorted": "categories: [Big Cat, Ü]",
        "with-id": "id: https://other.example/1",
        "with-guid": "guid: https://other.example/?p=1",
        "c#": "",
    },
    "hugo": {
        "own": "url: /own/x.html",
        "signs": "url: /own Ü/it's (x)!*",
        "named": "slug: An Own Slug",
    },
    "pelican-atom": {
        "own": "Url: some/x y.html\nSave_as: a.html",
        "encoded": "Url: some/%C3%9C.html\nSave_as: b.html",
        "part": "Url: some/x.html#part\nSave_as: c.html",
        "query": "Url: some/x.html?a=1\nSave_as: d.html",
        "named": "Slug: ü-財 经 x'y",
        "late": "Date: 2026-01-02T23:30-05:00",
        "early": "Date: 2026-01-02T01:30+09:00",
    },
    "eleventy-atom": {"own": "permalink: /own/x.html", "index": "permalink: /ü/index.html"},
}
MORE["pelican-rss"] = MORE["pelican-atom"]
MORE["eleventy-rss"] = MORE["eleventy-atom"]
POSTS = {
    "jekyll": 'folder = "_posts"\nundated = "skip"\n',
    "hugo": 'folder = "content"\n',
    "pelican": 'folder = "content"\n',
    "eleventy": 'folder = "posts"\npermalink = "/posts/{{ page.fileSlug }}/"\n',
}


def config_text(posts: str = "", url: str = URL) -> str:
    return f'[site]\ntitle = "A"\nurl = "{url}"\n[posts]\n{posts}'


def our_ids(folder: Path, text: str) -> dict[str, str]:
    """The id of each post, by its file."""
    config = parse_config(text)
    found = {}
    for stat in LocalStore(folder / config.posts.folder).list():
        if is_post(stat.key, config):
            data = (folder / config.posts.folder / stat.key).read_bytes()
            post = read_post(stat.key, data, NOW, config).post
            if post:
                found[stat.key] = post.guid or post.id
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", REAL_SITES)
def test_ids_are_those_of_the_real_feed(tmp_path: Path, kind: str) -> None:
    generator = kind.partition("-")[0]
    posts = {**NAMES, **MORE[kind]}
    if generator == "eleventy":
        posts = {name: more for name, more in posts.items() if name not in OTHER_SIGNS}
    site = REAL_SITES[kind]
    files = {path: text.replace("limit: 10", "limit: 0") for path, text in site.files.items()}
    if generator == "jekyll":
        files["_config.yml"] += "feed: { posts_limit: 100 }\n"
    site._replace(files=files).write(tmp_path, posts)
    theirs = site.real_ids(tmp_path)
    ours = our_ids(
        tmp_path, config_text(f'generator = "{generator}"\nid = "generator"\n{POSTS[generator]}')
    )

    assert len(theirs) == len(posts)
    assert sorted(ours.values()) == sorted(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("permalink", ["pretty", "/:year/:title", "/x/:categories/:slug/", "none"])
def test_ids_are_those_of_jekyll_feed_with_every_permalink(tmp_path: Path, permalink: str) -> None:
    site = REAL_SITES["jekyll"]
    files = {"_config.yml": f"{JEKYLL_CONFIG}permalink: {permalink}\nfeed: {{ posts_limit: 50 }}\n"}
    site._replace(files=files).write(tmp_path, {**NAMES, "sorted": "categories: [Big Cat, Ü]"})
    text = f'generator = "jekyll"\nid = "generator"\nfolder = "_posts"\npermalink = "{permalink}"\n'

    assert sorted(our_ids(tmp_path, config_text(text)).values()) == sorted(site.real_ids(tmp_path))


@pytest.mark.slow
def test_ids_are_those_of_pelican_for_a_site_with_a_port_and_capitals(tmp_path: Path) -> None:
    site = REAL_SITES["pelican-atom"]
    conf = PELICAN_CONFIG.replace("https://a.example/blog", "https://A.Example:8080")
    site._replace(files={"pelicanconf.py": conf}).write(tmp_path, {"plain": ""})
    text = 'generator = "pelican"\nid = "generator"\nfolder = "content"\n'
    ours = our_ids(tmp_path, config_text(text, "https://A.Example:8080"))

    assert list(ours.values()) == site.real_ids(tmp_path)


def an_id(posts: str, *fields: str, key: str = "2026-01-02-tea.md") -> tuple[str, str]:
    """The id and the guid of a post with these fields."""
    text = "\n".join(("---", "title: Tea", *fields, "---", "Text."))
    post = read_post(key, text.encode(), NOW, parse_config(config_text(posts))).post
    assert post
    return post.id, post.guid


def test_a_permalink_id_is_the_address_of_the_page_and_not_of_the_source() -> None:
    fields = ("permalink: /tea/", "source_url: https://source.example.org/1")
    assert an_id('id = "permalink"', *fields) == (f"{URL}tea/", "")


@pytest.mark.parametrize("rule", ["tag", "permalink", "https://a.example/?p={number}"])
@pytest.mark.parametrize("field", ["id", "guid"])
def test_the_id_that_a_post_names_itself_comes_before_the_rule(rule: str, field: str) -> None:
    own = "https://old.example/?p=17"
    assert an_id(f'id = "{rule}"', "number: 5", f"{field}: {own}") == (own, "")


def test_an_id_of_the_configuration_comes_before_all_others() -> None:
    posts = 'ids = { "2026-01-02-tea.md" = "https://old.example/?p=17" }'
    given = ("https://old.example/?p=17", "")
    assert an_id(posts) == an_id(posts, "guid: another") == given
    assert an_id(f'generator = "jekyll"\nid = "generator"\n{posts}') == given
    assert an_id(posts, key="2026-01-02-other.md") != given


def test_an_id_of_the_configuration_has_the_name_of_a_post_that_moves() -> None:
    posts = 'id_from = "stem"\nids = { "2026-01-02-tea" = "urn:x-tea:1" }'
    assert an_id(posts, key="_posts/2026-01-02-tea.md")[0] == "urn:x-tea:1"
    assert an_id(posts, key="old/2026-01-02-tea.md")[0] == "urn:x-tea:1"


def test_an_id_of_the_configuration_that_is_not_a_uri_is_the_guid_of_rss() -> None:
    id_, guid = an_id('ids = { "2026-01-02-tea.md" = "17" }')
    assert (id_, guid) == ("tag:a.example,2026:blog/guid:17", "17")


def test_an_id_of_the_configuration_is_kept_as_an_old_feed_has_it() -> None:
    pelican = "tag:a.example,2026-01-02:/ü 財.html"
    assert an_id(f'ids = {{ "2026-01-02-tea.md" = "{pelican}" }}') == (pelican, "")


WORDPRESS = 'id = "https://a.example/?p={wordpress_id}"'


def test_a_pattern_takes_fields_of_the_post() -> None:
    assert an_id(WORDPRESS, "wordpress_id: 17") == ("https://a.example/?p=17", "")
    pattern = 'id = "urn:uuid:{feed.uuid}"'
    uuid = "52ac3d1e-6a0f-4c3b-9a51-4f7d1b0a9c11"
    assert an_id(pattern, "feed:", f"  uuid: {uuid}")[0] == f"urn:uuid:{uuid}"


@pytest.mark.parametrize("fields", [(), ("wordpress_id:",), ("wordpress_id: ''",)])
def test_a_post_without_the_field_of_the_pattern_has_a_tag_uri(fields: tuple[str, ...]) -> None:
    assert an_id(WORDPRESS, *fields)[0] == "tag:a.example,2026:blog/2026-01-02-tea.md"


def test_a_value_in_a_pattern_is_percent_encoded() -> None:
    assert (
        an_id(WORDPRESS, "wordpress_id: 'a b\"<ü>'")[0]
        == "https://a.example/?p=a%20b%22%3C%C3%BC%3E"
    )


@pytest.mark.parametrize(
    ("posts", "problem"),
    [
        ('id = "generator"', 'posts.id: expected posts.generator with "generator"'),
        ('id = "jekyll"', 'posts.id: expected "tag", "permalink", "generator", or an address'),
        ('id = "https://a.example/"', 'posts.id: expected "tag"'),
        ('id = "?p={id}"', 'posts.id: expected "tag"'),
        ('id = ""', 'posts.id: expected "tag"'),
        ('ids = { "a.md" = " " }', "posts.ids.a.md: expected the id of the post"),
        ('ids = { "a.md" = "x", "b.md" = "x" }', "posts.ids.b.md: expected each id only once"),
    ],
)
def test_a_rule_for_ids_that_makes_none_is_refused(posts: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_config(config_text(posts))
    assert problem in str(error.value)

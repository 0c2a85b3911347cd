"""Parsing and checking of feeds.toml; docs/configuration.md agrees with the code on every key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.errors import ConfigError

MINIMAL = '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return [problem.removeprefix("feeds.toml: ") for problem in caught.value.problems]


def test_a_configuration_needs_only_title_and_url() -> None:
    settings = parse_config(MINIMAL)

    assert settings.site.title == "News"
    assert settings.feeds.url == "https://news.example.com/"
    assert settings.feeds.formats == ("atom", "rss", "json")
    assert settings.author.name == "News"


def test_all_configuration_problems_are_reported_with_their_paths() -> None:
    text = """
        [site]
        titel = "News"
        url = "news.example.com"
        author = { email = "desk", phone = 1 }
        timezone = "Mars"
        [feeds]
        formats = ["atom", "xml"]
        limit = "50"
        archives = 1
        [posts]
        include = "*.md"
        [categories]
        titles = { emnews = 5 }
        content = { emnews = "all" }
        [feed]
    """
    assert problems_of(text) == [
        "feed: there is no such key; did you mean feeds?",
        "site.titel: there is no such key; did you mean title?",
        "site.title: expected a text, found nothing",
        "site.author.phone: there is no such key",
        "site.author.name: expected a text, found nothing",
        'feeds.formats[1]: expected one of "atom", "rss", "json", found "xml"',
        'feeds.limit: expected a whole number, found "50"',
        "feeds.archives: expected true or false, found 1",
        'posts.include: expected a list, found "*.md"',
        "categories.titles.emnews: expected a text, found 5",
        'categories.content.emnews: expected one of "full", "summary", found "all"',
        'site.url: expected an address such as "https://example.com/", found "news.example.com"',
        'site.author.email: expected an e-mail address, found "desk"',
        'site.timezone: expected the name of a time zone such as "Europe/Berlin", found "Mars"',
    ]


def test_a_configuration_problem_names_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config("[site]\ntitle = 1\n", "sites/news.toml")

    assert caught.value.problems == (
        "sites/news.toml: site.title: expected a text, found 1",
        "sites/news.toml: site.url: expected a text, found nothing",
    )


def test_an_empty_configuration_reports_the_missing_table() -> None:
    assert problems_of("") == ["site: expected a table, found nothing"]


def test_invalid_toml_is_reported_with_line_and_column() -> None:
    assert problems_of("[site]\ntitle = News\n") == [
        "not valid TOML: Invalid value (at line 2, column 9)"
    ]


@pytest.mark.parametrize(
    ("table", "lines", "problem"),
    [
        ("site", 'title = " "', "site.title: expected a title, found an empty text"),
        (
            "site",
            r'title = "a\u0000b"',
            r'site.title: expected text without control characters, found "a\u0000b"',
        ),
        (
            "categories",
            r'titles = { a = "\u001b[2J" }',
            r'categories.titles.a: expected text without control characters, found "\u001b[2J"',
        ),
        (
            "categories",
            r'default = "\uffff"',
            'categories.default: expected text without control characters, found "\uffff"',
        ),
        (
            "site",
            'author = { name = "" }',
            "site.author.name: expected a name, found an empty text",
        ),
        (
            "site",
            'author = { name = "Desk", email = "Desk <desk@example.com>" }',
            'site.author.email: expected an e-mail address, found "Desk <desk@example.com>"',
        ),
        (
            "site",
            'author = { name = "Desk", uri = "javascript:alert(1)" }',
            'site.author.uri: expected an http(s) address, found "javascript:alert(1)"',
        ),
        (
            "site",
            'timezone = "Shanghai"',
            'site.timezone: expected the name of a time zone such as "Europe/Berlin", '
            'found "Shanghai"',
        ),
        (
            "site",
            'timezone = "../../etc/passwd"',
            'site.timezone: expected the name of a time zone such as "Europe/Berlin", '
            'found "../../etc/passwd"',
        ),
        (
            "site",
            'language = "zh_CN"',
            'site.language: expected a language tag such as "zh-CN", found "zh_CN"',
        ),
        ("site", 'icon = "/icon.png"', 'site.icon: expected an http(s) address, found "/icon.png"'),
        ("site", 'logo = "logo"', 'site.logo: expected an http(s) address, found "logo"'),
        ("feeds", "formats = []", "feeds.formats: expected at least one format, found none"),
        (
            "feeds",
            'formats = ["rss", "atom", "rss"]',
            'feeds.formats[2]: expected each only once, found "rss" again',
        ),
        (
            "feeds",
            'taxonomies = ["tag", "tag"]',
            'feeds.taxonomies[1]: expected each only once, found "tag" again',
        ),
        (
            "feeds",
            'templates = "../templates"',
            'feeds.templates: expected a folder beside this file, found "../templates"',
        ),
        (
            "feeds",
            'templates = "/etc"',
            'feeds.templates: expected a folder beside this file, found "/etc"',
        ),
        ("feeds", "limit = 0", "feeds.limit: expected a number from 1 to 1000, found 0"),
        ("feeds", "limit = 1001", "feeds.limit: expected a number from 1 to 1000, found 1001"),
        (
            "feeds",
            'hubs = ["https://hub.example.com/", "http://hub.example.net/"]',
            'feeds.hubs[1]: expected an https address, found "http://hub.example.net/"',
        ),
        (
            "feeds",
            'hubs = ["https://hub.example.com/", "https://hub.example.com/"]',
            'feeds.hubs[1]: expected each only once, found "https://hub.example.com/" again',
        ),
        (
            "posts",
            'id_authority = "example.com"',
            'posts.id_authority: expected a name and a date such as "example.com,2026", '
            'found "example.com"',
        ),
        (
            "posts",
            'permalink = "blog/:title"',
            'posts.permalink: expected a path that starts with /, found "blog/:title"',
        ),
        ("limits", "html_depth = 0", "limits.html_depth: expected a number of at least 1, found 0"),
    ],
)
def test_values_of_the_right_type_are_checked(table: str, lines: str, problem: str) -> None:
    data = tomllib.loads(MINIMAL)
    text = MINIMAL + (lines if table == "site" else f"[{table}]\n{lines}")
    if table == "site" and lines.startswith("title"):
        text = f'[site]\n{lines}\nurl = "{data["site"]["url"]}"\n'

    assert problems_of(text) == [problem]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "news.example.com",
        "//news.example.com/",
        "ftp://news.example.com/",
        "https://",
        "https://exa mple.com/",
        "https://user:secret@example.com/",
        "https://example.com/?page=1",
        "https://example.com/#top",
        "https://example.com:port/",
        "http://[",
    ],
)
def test_the_site_url_must_be_a_folder_without_query_or_fragment(url: str) -> None:
    assert problems_of(f'[site]\ntitle = "News"\nurl = "{url}"\n') == [
        f'site.url: expected an address such as "https://example.com/", found "{url}"'
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://example.com", "https://example.com/"),
        ("https://example.com/blog", "https://example.com/blog/"),
        ("https://example.com/新闻/", "https://example.com/%E6%96%B0%E9%97%BB/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/"),
    ],
)
def test_the_site_url_is_normalised_to_an_encoded_folder(written: str, meant: str) -> None:
    settings = parse_config(f'[site]\ntitle = "News"\nurl = "{written}"\n')

    assert settings.site.url == settings.feeds.url == meant


def test_the_icon_url_may_have_a_query() -> None:
    icon = "https://example.com/icon.png?v=2"

    assert parse_config(MINIMAL + f'icon = "{icon}"\n').site.icon == icon


def test_configuration_texts_are_put_on_one_line() -> None:
    settings = parse_config(
        '[site]\ntitle = "  The\\n News "\nurl = "https://example.com/"\n'
        'description = """\nOne\nline.\n"""\n[categories]\ntitles = { a = " A\\tB" }\n'
    )
    assert settings.site.title == "The News"
    assert settings.site.description == "One line."
    assert settings.categories.titles == {"a": "A B"}


def test_the_time_zone_is_the_configured_one() -> None:
    zone = parse_config(MINIMAL + 'timezone = "Asia/Shanghai"\n').zone

    assert zone.utcoffset(datetime(2026, 1, 1)) == timedelta(hours=8)


def test_category_titles_are_found_by_name_or_slug() -> None:
    settings = parse_config(
        MINIMAL + '[categories]\ntitles = { Markets = "Market News", "C++" = "The C++ Column" }\n'
        'content = { markets = "summary" }\ndescriptions = { MARKETS = "Prices" }\n'
    )
    assert settings.title_of_path["category/markets"] == "Market News"
    assert settings.content_of_path["category/markets"] == "summary"
    assert settings.description_of_path["category/markets"] == "Prices"
    assert sorted(settings.title_of_path)[0].startswith("category/c-")


# --- docs/configuration.md -----------------------------------------------------------------------


class Row(msgspec.Struct, frozen=True):
    key: str
    default: str
    example: str


def documented() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    section = ""
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## \[{1,2}([\w.]+)\]{1,2}", line):
            section = heading[1]
        elif line.startswith("## "):
            section = ""
        elif section and line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == 4, line
            key, default, meaning, example = cells
            assert meaning
            rows[f"{section}.{key.strip('`')}"] = Row(key.strip("`"), default, example.strip("`"))
    return rows


def keys_of(kind: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, str]]:
    """Each key with its default, written as in the documentation."""
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        inner: Any = next((a for a in get_args(hints[field.name]) if is_struct(a)), None)
        inner = inner or (hints[field.name] if is_struct(hints[field.name]) else None)
        at = f"{path}{field.name}"
        if path:
            yield at, shown(field)
        if inner:
            yield from keys_of(inner, f"{at}.")


def is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def shown(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "*required*"
    default = field.default
    if default is msgspec.NODEFAULT:
        default = field.default_factory()
    return "*none*" if default is None else repr(msgspec.to_builtins(default))


def test_configuration_md_has_every_key_and_no_other() -> None:
    in_code = dict(keys_of(Config))

    assert sorted(documented()) == sorted(in_code)


@pytest.mark.parametrize(("key", "default"), [*keys_of(Config)])
def test_configuration_md_has_the_defaults_of_the_code(key: str, default: str) -> None:
    written = documented()[key].default
    if written.startswith("`"):
        written = repr(tomllib.loads(f"x = {written.strip('`')}")["x"])

    assert written == default.replace("(", "[").replace(",)", "]").replace(")", "]")


NEEDED = {"posts.move_folders": {"id_from": "stem"}}
"""Keys that are valid only beside another."""


@pytest.mark.parametrize("key", documented())
def test_the_example_of_each_key_is_valid(key: str) -> None:
    row = documented()[key]
    section = key.partition(".")[0]
    base = tomllib.loads(MINIMAL)
    example = tomllib.loads(row.example)
    in_table = NEEDED.get(key, {}) | example
    if key.startswith("posts.rules."):
        in_table = {"rules": [{"match": ["*"]} | example]}
    base[section] = base.get(section, {}) | in_table

    assert row.key.partition(".")[0] in example
    assert isinstance(parse_config(toml(base)), Config)


def toml(data: dict[str, Any]) -> str:
    """Nested tables as TOML; JSON and TOML have the same texts, numbers, lists and booleans."""

    def value(item: Any) -> str:
        if isinstance(item, dict):
            return "{ " + ", ".join(f'"{k}" = {value(v)}' for k, v in item.items()) + " }"
        if isinstance(item, list):
            return f"[{', '.join(map(value, item))}]"
        return msgspec.json.encode(item).decode()

    lines = []
    for name, table in data.items():
        lines += [f"[{name}]", *(f'"{key}" = {value(item)}' for key, item in table.items())]
    return "\n".join(lines)


def test_the_full_example_in_configuration_md_is_valid() -> None:
    text = DOCS.read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example

    assert parse_config(example[1]).feeds.limit == 50


def test_the_problems_shown_in_configuration_md_are_real() -> None:
    text = DOCS.read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(feeds\.toml: .*?)```", text, re.DOTALL)
    wrong = '[site]\ntitle = "News"\nurl = "news.example.com"\n[feeds]\nlmit = 5\ncontent = "all"\n'

    assert problems_of(wrong) == [
        line.removeprefix("feeds.toml: ") for line in blocks[0].splitlines()
    ]

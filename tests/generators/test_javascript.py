"""Configurations in JavaScript are read as data: what is plain, and what only the program knows."""

from __future__ import annotations

import pytest

from feeds.generators.javascript import is_expression, parse_script
from feeds.generators.values import value_at

CONFIG = r"""
// @ts-check
import {themes} from 'prism-react-renderer';
const defaultLocale = 'de';
const NAME: string = "It's a name";
import {url, other} from './elsewhere';
const footer = { links: [{ title: 'Other' }] };
/** @type {import('x').Config} */
const config: Config = {
  title: NAME, /* a comment: { */
  'url': "https:\/\/h\u00e9.example" ,
  tagline: `A ${footer} of code`,
  plain: `two
lines`,
  address: process.env.URL || 'https://else.example',
  sum: 'a' + 'b',
  choice: isLive ? 'live' : 'test',
  match: /['"{]/g,
  trailingSlash: false,
  i18n: { defaultLocale, locales: ['de', 'fr'] },
  presets: [
    ['classic', /** @type {x} */ ({ docs: { path: 'd' }, blog: { routeBasePath: 'news' } })],
  ],
  method() { return { title: 'Inner' }; },
  NAME,
  unknown,
  last: 'end' as const,
};
export default config;
"""


def test_plain_values_are_read_and_code_is_an_expression() -> None:
    values = parse_script(CONFIG).object_with("url")

    assert value_at(values, "title") == "It's a name"
    assert value_at(values, "url") == "https://hé.example"
    assert value_at(values, "NAME") == "It's a name"
    assert value_at(values, "plain") == "two\nlines"
    assert value_at(values, "trailingSlash") is False
    assert value_at(values, "i18n.defaultLocale") == "de"
    assert value_at(values, "i18n.locales") == ["de", "fr"]
    assert value_at(values, "presets.blog.routeBasePath") == "news"
    assert value_at(values, "presets.docs.path") == "d"
    assert value_at(values, "last") == "end"
    for name in ("tagline", "address", "sum", "choice", "match", "unknown"):
        assert is_expression(values, name), name
    assert not is_expression(values, "title")
    assert not is_expression(values, "absent")


def test_objects_constants_and_calls() -> None:
    script = parse_script(
        "export const SITE_TITLE = 'T';\nexport const N = f('x')\n"
        "export default function (c) {\n  c.setInputDirectory('src');\n"
        "  c.addGlobalData('permalink', () => 1); c.addGlobalData('a', 2)\n"
        "  return { pathPrefix: '/p/', dir: { input: 'in' } };\n}\n"
    )

    assert script.constants["SITE_TITLE"] == "T"
    assert is_expression(script.constants, "N")
    assert script.calls["setInputDirectory"] == ["src"]
    assert script.calls["addGlobalData"] == ["permalink", "a"]
    assert script.object_with("dir") == {"pathPrefix": "/p/", "dir": {"input": "in"}}
    assert script.object_with("absent", "pathPrefix")["pathPrefix"] == "/p/"
    assert script.object_with("absent") == {}


@pytest.mark.parametrize(
    "text",
    ["", "}}})", "{{{[[(", "x = '", "x = `${", "{a: 'b", "/* ", "{a:", "{a: /", "const", "'\\"],
)
def test_broken_scripts_have_no_error(text: str) -> None:
    assert parse_script(text).object_with("title") == {}


def test_a_large_script_is_read_in_one_pass() -> None:
    text = "{a: '" + "x" * 200_000 + "', " + "b: [{" * 20_000 + "title: 'deep'"

    assert parse_script(text).object_with("a")["a"] == "x" * 200_000

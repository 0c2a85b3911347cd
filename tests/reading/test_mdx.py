"""What MDX has beyond Markdown is not in feeds (https://mdxjs.com/docs/what-is-mdx/)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from feeds.config_file.parse import parse_config
from feeds.model import Entry
from feeds.reading.content.templates.mdx import without_mdx
from feeds.reading.entry import fill_entry
from feeds.reading.post import read_post


@pytest.mark.parametrize(
    ("mdx", "markdown"),
    [
        ("a\n\nimport X from './x.js';\n\nb", "a\n\n\nb"),
        ("import './x.css'\nimport {\n  A,\n  B as C,\n} from \"x\"\n\nb", "\nb"),
        ("import * as X from 'x'\n\nb", "\nb"),
        ("export const x = {\n  a: 1,\n\n  b: [2],\n};\n\nb", "\nb"),
        ("export default ({children}) => children\n\nb", "\nb"),
        ("a {/* note */} b", "a  b"),
        ("{/* one\n\ntwo * three */}\nb", "\nb"),
        ("{/* a */} b {/* c", " b {/* c"),
        ("a\n\n{/* truncate */}\n\nb", "a\n\n<!--more-->\n\nb"),
        ("a\n\n<!-- truncate -->\n\nb", "a\n\n<!--more-->\n\nb"),
        ("<img src={require('./a.png').default} alt=\"b\" />", '<img src="./a.png" alt="b" />'),
        (
            '<img src={useBaseUrl("/a.png")} style={{width: "3", a: {b: 1}}}/>',
            '<img src="/a.png"/>',
        ),
        ("<Card title={'T'} on={() => go(1)}>x</Card>", '<Card title="T">x</Card>'),
        ("`<A b={1}>` and x={1}", "`<A b={1}>` and x={1}"),
    ],
)
def test_imports_exports_and_comments_are_removed(mdx: str, markdown: str) -> None:
    assert without_mdx(mdx) == markdown


@pytest.mark.parametrize(
    "text",
    [
        "Exports fell.\nimport taxes rose",
        "Goods:\n\nimport taxes rose, and 'tariffs' too",
        "export licences",
        "```js\nimport X from 'x'\n{/* note */}\n```",
        "Write `{/* truncate */}` here",
        "Two braces {a} and {b}",
        "",
    ],
)
def test_text_and_code_stay(text: str) -> None:
    assert without_mdx(text) == text


def entry(key: str, generator: str, body: str) -> Entry:
    config = parse_config(
        '[site]\ntitle = "T"\nurl = "https://a.example/"\n'
        f'[posts]\ngenerator = "{generator}"\ninclude = ["**/*.md", "**/*.mdx"]\n'
    )
    data = f"---\ntitle: T\ndate: 2026-01-02\n---\n{body}\n".encode()
    found, _ = fill_entry(read_post(key, data, datetime(2026, 12, 1, tzinfo=UTC), config), config)
    assert found
    return found


BODY = "Above.\n\n{/* truncate */}\n\nBelow."


@pytest.mark.parametrize(
    ("key", "generator"), [("a.md", "docusaurus"), ("a.mdx", "docusaurus"), ("a.mdx", "astro")]
)
def test_the_text_above_the_mark_is_the_summary(key: str, generator: str) -> None:
    found = entry(key, generator, BODY)

    assert found.summary == "Above."
    assert "truncate" not in found.content


@pytest.mark.parametrize(("key", "generator"), [("a.md", "astro"), ("a.mdx", ""), ("a.md", "hugo")])
def test_other_files_are_not_mdx(key: str, generator: str) -> None:
    assert "truncate" in entry(key, generator, BODY).content

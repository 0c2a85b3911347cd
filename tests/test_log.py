"""A log line is one JSON object of printable ASCII, whatever its fields hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.log import log_event, quote_for_log


def only_line(capfd: pytest.CaptureFixture[str]) -> dict[str, object]:
    """Return the fields of the only line that was logged."""
    (line,) = capfd.readouterr().out.splitlines()
    assert line.isascii()
    return json.loads(line)


def test_long_fields_are_truncated(capfd):
    log_event("long", text="x" * 5000, items=["y" * 5000] * 300)
    fields = only_line(capfd)
    assert len(str(fields["text"])) == 1025
    assert fields["items"] == ["y" * 1024 + "…"] * 100


def test_a_lone_surrogate_is_replaced(capfd):
    log_event("odd", key="a\ud800b", keys=["\udfff"])
    assert only_line(capfd) == {"event": "odd", "key": "a?b", "keys": ["?"]}


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a b.md", '"a b.md"'),
        ("港股.md", '"港股.md"'),
        ('say "no"\\', '"say \\"no\\"\\\\"'),
        ("a\nINFO: forged", '"a\\nINFO: forged"'),
        ("\x1b[31m\r\u2028\u202e\x85\ud800", '"\\u001b[31m\\r\\u2028\\u202e\\u0085\\ud800"'),
        ("", '""'),
    ],
)
def test_a_quoted_text_is_printable_and_on_one_line(text: str, quoted: str) -> None:
    assert quote_for_log(text) == quoted


def test_a_quoted_text_is_cut_at_200_characters_between_escapes() -> None:
    assert quote_for_log("a" * 197) == '"' + "a" * 197 + '"'
    assert quote_for_log("a" * 5000) == '"' + "a" * 197 + '…"'
    assert quote_for_log("\n" * 5000) == '"' + "\\n" * 98 + '…"'


@given(st.text(st.characters()))
def test_a_quoted_text_is_bounded_and_equals_its_json(text: str) -> None:
    quoted = quote_for_log(text)
    assert quoted.isprintable()
    assert len(quoted) <= 200
    if not quoted.endswith('…"'):
        assert json.loads(quoted) == text

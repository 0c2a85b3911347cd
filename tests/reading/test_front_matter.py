"""Front matter: YAML with repairs, TOML, JSON; delimiters, encodings, and messages."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from support.written import entry, fields, problem, problems, reading, told, warning

from feeds.errors import PostError
from feeds.reading.front_matter.parse import parse_front_matter

INVALID = "this line is not valid YAML"


def title(written: str | bytes) -> str:
    return entry(written).title


# Lines that are repaired: as written -> the valid line, and the title

REPAIRED = {
    "title: Harbour 2026: the plan": ('title: "Harbour 2026: the plan"', "Harbour 2026: the plan"),
    'title: "The "old" tea"': ("title: 'The \"old\" tea'", 'The "old" tea'),
    "title: 'It's tea'": ('title: "It\'s tea"', "It's tea"),
    'title: "Old" tea': ("title: 'Old\" tea'", 'Old" tea'),
    'title: "Old tea': ('title: "Old tea"', "Old tea"),
    "title: 'Old tea": ('title: "Old tea"', "Old tea"),
    'title: "Old tea""': ('title: "Old tea"', "Old tea"),
    "title: \"Old tea'": ('title: "Old tea"', "Old tea"),
    'title: Old tea: "new" price': ("title: 'Old tea: \"new\" price'", 'Old tea: "new" price'),
    "title: @harbour says": ('title: "@harbour says"', "@harbour says"),
    "title: **Tea** is in": ('title: "**Tea** is in"', "Tea is in"),
    "title: `tea` is in": ('title: "`tea` is in"', "tea is in"),
    "title: [Update] tea": ('title: "[Update] tea"', "[Update] tea"),
    "title: %off": ('title: "%off"', "%off"),
    "title: {{ page.title }}": ('title: "{{ page.title }}"', "{{ page.title }}"),
    "title: - tea": ('title: "- tea"', "- tea"),
    "title: 关税：: 茶": ('title: "关税：: 茶"', "关税：: 茶"),
}


@pytest.mark.parametrize(("line", "repaired"), REPAIRED.items())
def test_invalid_yaml_is_repaired_with_a_warning_that_has_the_valid_line(
    line: str, repaired: tuple[str, str]
) -> None:
    better, read = repaired
    post = f"---\nlayout: post\n{line}\ndate: 2026-11-01\n---\nText.\n"
    reported = warning(post)
    assert told(reported) == (3, INVALID, f"write it as {better}")
    assert (reported.field, title(post)) == ("title", read)


@pytest.mark.parametrize("line", REPAIRED)
def test_the_suggested_yaml_line_gives_the_same_title(line: str) -> None:
    better, read = REPAIRED[line]
    post = f"---\nlayout: post\n{better}\ndate: 2026-11-01\n---\nText.\n"
    assert (title(post), problems(post)) == (read, [])


LONG = "harbour tea: " * 17
TOO_LONG = {
    f"title: {LONG}": 'put its text between two "',
    f"title: '{LONG}": 'put its text between two "',
    f'title: "{LONG} "old" price"': "put its text between two '",
    f'title: "{LONG} isn\'t "old""': "put its text between two ' and write each ' in it twice",
}


@pytest.mark.parametrize(("line", "todo"), TOO_LONG.items(), ids=range(len(TOO_LONG)))
def test_the_warning_for_a_long_yaml_line_describes_the_repair(line: str, todo: str) -> None:
    post = f"---\n{line}\n---\n"
    assert warning(post).todo == todo
    assert title(post).startswith("harbour tea: harbour")


OTHER_LINES = {
    "a list's item without a space": (
        "tags:\n- tea\n-trade",
        [(5, INVALID, "write it as - trade")],
    ),
    "a list's item that starts oddly": (
        'tags:\n- tea\n- @harbour\n- "old" tea',
        [
            (5, INVALID, 'write it as - "@harbour"'),
            (6, INVALID, "write it as - 'old\" tea'"),
        ],
    ),
    "a full-width comma": (
        'tags: ["tea"，"trade"]',
        [(3, INVALID, 'write it as tags: ["tea", "trade"]')],
    ),
    "a tab before an item": (
        "tags:\n\t- tea\n\t- trade",
        [
            (4, "this line is indented with a tab", "indent it with two spaces"),
            (5, "this line is indented with a tab", "indent it with two spaces"),
        ],
    ),
    "no space after the colon": (
        "image:/img/tea.png",
        [(3, INVALID, 'write it as image: "/img/tea.png"')],
    ),
    "a field pushed in": (
        "summary: Tea\n  from the hills.\n\n  weight: 1",
        [(6, INVALID, "write it as weight: 1")],
    ),
    "a folded text at the margin": (
        "summary: >\nTea from the hills\nof the north.",
        [
            (
                4,
                "the text of a field is not indented",
                "put two spaces before each line of it",
            ),
            (
                5,
                "the text of a field is not indented",
                "put two spaces before each line of it",
            ),
        ],
    ),
    "a text over two lines that is never closed": (
        'summary: "Tea\n  from the hills\nlayout: post',
        [(3, INVALID, 'write it as summary: "Tea from the hills"')],
    ),
    "a curly quote for a straight one": (
        'summary: "Tea from the hills”\ndeck: "Tea from the hills”',
        [
            (3, INVALID, 'write it as summary: "Tea from the hills”"'),
            (4, INVALID, 'write it as deck: "Tea from the hills”"'),
        ],
    ),
    "a bracket too many": (
        "tags: [tea, trade]\n]",
        [(4, "this line is not a field", "remove it, or move it below the front matter")],
    ),
    "a shortcode": (
        'layout: post\n{{< asset file="tea.pptx" label="Slides (1: tea)" >}}',
        [(4, "this line is not a field", "remove it, or move it below the front matter")],
    ),
}


@pytest.mark.parametrize(("lines", "expected"), OTHER_LINES.values(), ids=OTHER_LINES)
def test_other_yaml_mistakes_are_repaired(lines: str, expected: list[tuple[int, str, str]]) -> None:
    post = fields(lines)
    assert [told(reported) for reported in problems(post)] == expected
    assert title(post) == "Tea"


@pytest.mark.parametrize(
    ("lines", "columns"),
    [
        ("tags:\n- tea\n-trade", [1]),
        ("tags:\n\t- tea\n\t- trade", [2, 2]),
        ("summary: Tea\n  from the hills.\n\n  weight: 1", [3]),
        ("summary: Tea: green", [10]),
    ],
)
def test_a_repair_has_the_column_of_the_text(lines: str, columns: list[int]) -> None:
    assert [reported.column for reported in problems(fields(lines))] == columns


def test_a_repaired_list_has_its_items() -> None:
    post = fields("categories:\n- tea\n-trade\n- @port\ntopics: 1")
    assert [term.name for term in entry(post).terms] == ["tea", "trade", "@port"]


UNREADABLE = {
    "a quote that goes past the end": (
        'summary: "Tea\n\n- from the hills\n\nof the north',
        (3, "the quotation mark here is never closed", 10),
    ),
    "a line that is nothing": (
        "tags: [tea]\njust some words\nlayout: post",
        (4, "this line is not a field and not part of one", 1),
    ),
    "an anchor": (
        "summary: &tea Tea",
        (3, "anchors and aliases (& and *) are not supported", 10),
    ),
    "an alias": (
        "summary: *tea",
        (3, "anchors and aliases (& and *) are not supported", 10),
    ),
    "a tag": (
        "summary: !!python/object:os.system x",
        (3, "tags (!) are not supported", 10),
    ),
    "a merge key": (
        "base: &b {a: 1}\n<<: *b",
        (3, "anchors and aliases (& and *) are not supported", 7),
    ),
}


@pytest.mark.parametrize(("lines", "expected"), UNREADABLE.values(), ids=UNREADABLE)
def test_yaml_that_cannot_be_repaired_is_reported_with_line_and_column(
    lines: str, expected: tuple[int, str, int]
) -> None:
    reported = problem(fields(lines))
    assert (reported.line, reported.what, reported.column) == expected
    assert reported.todo


def test_front_matter_without_fields_is_reported() -> None:
    reported = problem("---\n- tea\n- trade\n---\nText.\n")
    assert told(reported) == (
        2,
        "the front matter is a text or a list, and has no fields",
        "write each field as a line such as title: …",
    )


# Delimiters

OK = "title: Tea\ndate: 2026-11-01\n"
ACCEPTED = {
    "a blank line first": f"\n\n---\n{OK}---\nText.\n",
    "spaces after it": f"---  \n{OK}---\t\nText.\n",
    "dots at the end": f"---\n{OK}...\nText.\n",
    "no line after it": f"---\n{OK}---",
    "a rule in the body": f"---\n{OK}---\nText.\n\n---\n\nMore.\n",
}
UNUSUAL = {
    "four dashes": (f"----\n{OK}----\nText.\n", "----", 1),
    "a long dash": (f"—-\n{OK}—-\nText.\n", "—-", 1),
    "indented": (f"\n  ---\n  {OK.replace('date', '  date')}  ---\nText.\n", "---", 2),
}


@pytest.mark.parametrize("post", ACCEPTED.values(), ids=ACCEPTED)
def test_front_matter_delimiters_may_have_spaces_and_blank_lines(post: str) -> None:
    assert (title(post), problems(post)) == ("Tea", [])


@pytest.mark.parametrize(("post", "mark", "line"), UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_delimiter_is_accepted_with_a_warning(post: str, mark: str, line: int) -> None:
    what = f"the first line is {mark!r} instead of ---"
    assert told(warning(post)) == (line, what, "write ---")
    assert title(post) == "Tea"


def test_front_matter_that_is_not_closed_is_reported_with_the_place_to_close_it() -> None:
    post = "---\ntitle: Tea\ntags:\n- tea\n\n\nThe tea is in.\n"
    assert told(problem(post)) == (
        1,
        "the front matter that starts here is not closed",
        "write --- on a line of its own below line 4",
    )


def test_text_before_the_front_matter_is_reported() -> None:
    post = f"\nDraft, do not print\n---\n{OK}---\nText.\n"
    assert told(problem(post)) == (
        2,
        "there is text before the front matter",
        "make line 3 (---) the first line",
    )


def test_front_matter_below_a_block_of_comments_is_read() -> None:
    post = f"---\n# how to edit this page\n---\n# see the handbook\n{OK}---\nText.\n"
    assert told(warning(post)) == (
        3,
        "the front matter ends before it has a field",
        "remove this line ---",
    )
    result = entry(post)
    assert (result.title, result.content) == ("Tea", "<p>Text.</p>")


# Line ends, repeated fields, merge conflicts


def test_a_byte_order_mark_is_ignored() -> None:
    assert title(b"\xef\xbb\xbf" + f"---\n{OK}---\nText.\n".encode()) == "Tea"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\x85", "\n\r"])
def test_every_kind_of_line_end_is_accepted(end: str) -> None:
    post = f"---\n{OK}---\nTea.\n\nTrade.\n".replace("\n", end)
    result = entry(post)
    assert (result.title, result.content) == ("Tea", "<p>Tea.</p>\n<p>Trade.</p>")


def test_line_numbers_do_not_depend_on_the_kind_of_line_end() -> None:
    post = "---\ntitle: Tea\ndate: never\n---\n"
    lines = [problem(post.replace("\n", end)).line for end in ("\n", "\r\n", "\r")]
    assert lines == [3, 3, 3]


REPEATED = {
    "YAML": ("---\ntitle: Old\ntitle: Tea\n---\n", 3),
    "YAML in other cases": ("---\nTitle: Old\ntitle: Tea\n---\n", 3),
    "TOML": ('+++\ntitle = "Old"\ntitle = "Tea"\n+++\n', 3),
    "JSON": ('{\n "title": "Old",\n "title": "Tea"\n}\n', 3),
}


@pytest.mark.parametrize(("post", "line"), REPEATED.values(), ids=REPEATED)
def test_the_last_of_a_repeated_field_is_used_with_a_warning(post: str, line: int) -> None:
    reported = warning(post)
    assert told(reported) == (
        line,
        "the field 'title' appears twice",
        "keep one; the last one is used",
    )
    assert title(post) == "Tea"


CONFLICT = "<<<<<<< HEAD\nGreen tea.\n=======\nBlack tea.\n>>>>>>> harvest\n"


@pytest.mark.parametrize(
    ("post", "line"),
    [
        (f"---\n{OK}---\nTea.\n{CONFLICT}", 6),
        (f"---\n{CONFLICT.replace('Green', 'title: Green')}---\nTea.\n", 2),
    ],
)
def test_a_merge_conflict_is_reported_and_not_published(post: str, line: int) -> None:
    assert told(problem(post)) == (
        line,
        "there is a merge conflict",
        "keep one side, and remove the lines <<<<<<<, ======= and >>>>>>>",
    )


def test_a_merge_conflict_in_a_block_of_code_is_content() -> None:
    post = f"---\n{OK}---\nLike this:\n\n```\n{CONFLICT}```\n\nTitle\n=======\n"
    assert "&lt;&lt;&lt;&lt;&lt;&lt;&lt; HEAD" in entry(post).content


# Encodings

ENCODED = {
    "latin-1": (
        b"---\ntitle: Tea\n---\nCaf" + b"\xe9.\n",
        (4, "byte 22 (0xe9) is not UTF-8", 4),
    ),
    "GBK": (
        "---\ntitle: 茶叶\n---\n".encode("gbk"),
        (2, "byte 11 (0xb2) is not UTF-8", 8),
    ),
    "UTF-16": ("---\ntitle: Tea\n---\n".encode("utf-16"), (1, "the file is UTF-16", 0)),
    "half a surrogate pair": (
        b"---\ntitle: \xed\xa0\x80\n---\n",
        (2, "byte 11 (0xed) is not UTF-8", 8),
    ),
}


@pytest.mark.parametrize(("data", "expected"), ENCODED.values(), ids=ENCODED)
def test_bytes_that_are_not_utf8_are_reported_with_their_place(
    data: bytes, expected: tuple[int, str, int]
) -> None:
    reported = problem(data)
    assert (reported.line, reported.what, reported.column) == expected


# TOML and JSON


def test_toml_front_matter_is_parsed() -> None:
    result = entry(
        '+++\ntitle = "Tea: green"\ndate = 2026-11-01T09:30:00+08:00\n'
        '[taxonomies]\ncategories = ["tea"]\n[extra]\nauthor = "Lin"\n+++\nText.\n'
    )
    assert (result.title, result.published.isoformat(), result.terms[0].path, result.content) == (
        "Tea: green",
        "2026-11-01T09:30:00+08:00",
        "category/tea",
        "<p>Text.</p>",
    )


def test_json_front_matter_is_parsed() -> None:
    result = entry('{\n "title": "Tea: {green}",\n "date": "2026-11-01"\n}\n\nText.\n')
    assert (result.title, result.published.isoformat(), result.content) == (
        "Tea: {green}",
        "2026-11-01T00:00:00+08:00",
        "<p>Text.</p>",
    )


def test_invalid_toml_is_reported_with_its_place() -> None:
    reported = problem("+++\ntitle = Tea\n+++\n")
    assert (reported.line, reported.column, reported.what) == (
        2,
        9,
        "the front matter is not valid TOML (Invalid value)",
    )


def test_invalid_json_is_reported_with_its_place() -> None:
    reported = problem('{"title": "Tea"\n "date": "2026-11-01"}\n')
    assert (reported.line, reported.column, reported.what) == (
        2,
        2,
        "the front matter is not valid JSON (Expecting ',' delimiter)",
    )


WITHOUT_FRONT_MATTER = {
    "bare headers": (
        "Layout: post\nTitle: Tea\n\nText.\n",
        "the fields at the top are not between two lines ---",
    ),
    "none": ("# Tea\n\nText.\n", "there is no front matter"),
    "nothing": ("", "the file is empty"),
    "blank": ("\n \n", "the file is empty"),
    "a template": ("{% include tea.html %}\n", "there is no front matter"),
}


@pytest.mark.parametrize(("post", "what"), WITHOUT_FRONT_MATTER.values(), ids=WITHOUT_FRONT_MATTER)
def test_a_file_without_front_matter_is_reported_by_what_it_starts_with(
    post: str, what: str
) -> None:
    reported = problem(post)
    assert (reported.line, reported.what) == (1, what)


# Values

WRITTEN = ["1984", "017", "NO", "yes", "30:12", "1e3", "0x1F", "1_000", "2026-11-01", "1.10", "off"]


@pytest.mark.parametrize("value", WRITTEN)
def test_a_yaml_value_is_shown_as_written(value: str) -> None:
    assert title(f"---\ntitle: {value}\n---\n") == value


@pytest.mark.parametrize(("value", "shown"), [("1984", "1984"), ("true", "true"), ("1.10", "1.10")])
def test_a_toml_or_json_value_is_shown_as_written(value: str, shown: str) -> None:
    assert title(f"+++\ntitle = {value}\n+++\n") == shown
    assert title(f'{{"title": {value}}}\n') == shown


TEXTS = {
    "title: [Update]": "[Update]",
    "title: [Tea, trade]": "[Tea, trade]",
    "title: {Tea: green}": "Tea: green",
    "title: {{Tea}}": "{{Tea}}",
    "title:\n  Tea: green": "Tea: green",
    "title: {Tea}": "{Tea}",
}


@pytest.mark.parametrize(("line", "shown"), TEXTS.items())
def test_a_title_that_yaml_parses_as_a_list_or_a_table_is_a_text(line: str, shown: str) -> None:
    assert entry(f"---\n{line}\n---\n").title == shown


def test_tags_that_yaml_parses_as_tables_are_accepted() -> None:
    front_matter = parse_front_matter("a.md", b"---\ntags:\n- C: x\n- Tea\n---\n", 1000)
    assert front_matter.metadata["tags"] == [{"C": "x"}, "Tea"]
    assert not reading("---\ntitle: Tea\ntags:\n- C: x\n---\n").failed


def test_the_place_of_a_field_is_the_place_of_its_value() -> None:
    yaml = parse_front_matter("a.md", b"\n---\ntitle:   Tea\ntags:\n- a\n---\n", 1000)
    toml = parse_front_matter("a.md", b'+++\ntitle = "Tea"\n+++\n', 1000)
    json = parse_front_matter("a.md", b'\n{"title": "Tea",\n  "tags": []}', 1000)
    assert yaml.places == {"title": (3, 10), "tags": (4, 1)}
    assert toml.places == {"title": (2, 9)}
    assert json.places == {"title": (2, 11), "tags": (3, 11)}


@pytest.mark.parametrize(
    ("fields", "tags"),
    [
        ("tags: [a,b", ["a", "b"]),
        ('tags: ["a b", c\ncategories: x', ["a b", "c"]),
        ("tags: [a, b   \n\ncategories: x", ["a", "b"]),
    ],
)
def test_a_list_that_is_not_closed_is_closed_with_a_warning(fields: str, tags: list[str]) -> None:
    front_matter = parse_front_matter("a.md", f"---\n{fields}\n---\n".encode(), 10_000)

    assert front_matter.metadata["tags"] == tags
    (problem,) = front_matter.problems
    assert (problem.what, problem.todo) == ("the list is not closed", "add ]")
    assert (problem.line, problem.severity) == (2, "warning")


@pytest.mark.parametrize(
    ("value", "column", "meant", "what", "todo"),
    [
        ("{a: b", 12, {"a": "b"}, "the table is not closed", "add }"),
        ("{a: b, c: d", 18, {"a": "b", "c": "d"}, "the table is not closed", "add }"),
        ("[a, b}", 12, ["a", "b"], "the list ends with }", "write ] in its place"),
        ("{a: b]", 12, {"a": "b"}, "the table ends with ]", "write } in its place"),
        ("[[a,b]", 13, [["a", "b"]], "the list is not closed", "add ]"),
        ("[a, [b]", 14, ["a", ["b"]], "the list is not closed", "add ]"),
        ("[a, {b: c", 16, ["a", {"b": "c"}], "the table is not closed", "add }]"),
        ("{a: [b}", 13, {"a": ["b"]}, "the list is not closed", "add ]"),
        ("[a, b]]", 13, ["a", "b"], "there is one ] too many", "remove it"),
        ("['a]', \"b}\"", 18, ["a]", "b}"], "the list is not closed", "add ]"),
        ("[don't, b}", 16, ["don't", "b"], "the list ends with }", "write ] in its place"),
        ("[a, b  # two", 12, ["a", "b"], "the list is not closed", "add ]"),
        ("[a}, b}", 9, ["a"], None, None),
    ],
)
def test_brackets_that_are_not_in_pairs_are_paired_with_a_warning(
    value: str, column: int, meant: object, what: str | None, todo: str | None
) -> None:
    text = f"---\ntags: {value}\nx: y\n---\n"
    front_matter = parse_front_matter("a.md", text.encode(), 10_000)
    (problem,) = front_matter.problems

    if what is None:  # no pairs are possible: the value is a text
        assert front_matter.metadata["tags"] == value
        assert "bracket" not in problem.what
        return
    assert front_matter.metadata == {"tags": meant, "x": "y"}
    assert (problem.what, problem.todo, problem.severity) == (what, todo, "warning")
    assert (problem.line, problem.column, problem.field) == (2, column, "tags")


@pytest.mark.slow
@pytest.mark.parametrize("mistake", ["[}", "{]", "[{", "]", "[a}]", "{[}", "[", "{"])
def test_brackets_without_pairs_take_time_in_proportion_to_their_number(mistake: str) -> None:
    times = []
    for count in (5_000, 20_000):
        text = f"---\ntags: [{mistake * count}\n---\n".encode()
        start = time.process_time()
        with suppress(PostError):
            parse_front_matter("a.md", text, 1_000_000)
        times.append(time.process_time() - start)
    assert times[1] < 12 * times[0] + 0.05  # linear: 4, quadratic: 16
    assert times[1] < 10  # seconds; PyYAML takes minutes for so much depth


@pytest.mark.parametrize(
    ("fields", "line", "what", "todo"),
    [
        ("tags: [a,\n  b\ncategories: x", 2, "the list is not closed", "add ]"),
        ("title: A\ntags:\n  - [a,\n     b\ndraft: no", 4, "the list is not closed", "add ]"),
        ("title: A\nextra: {a: b,\n  c\nx: y", 3, "the table is not closed", "add }"),
    ],
)
def test_a_list_or_table_without_its_end_is_a_problem_at_its_start(
    fields: str, line: int, what: str, todo: str
) -> None:
    with pytest.raises(PostError) as raised:
        parse_front_matter("a.md", f"---\n{fields}\n---\n".encode(), 10_000)
    problem = raised.value.problem

    assert (problem.line, problem.what, problem.todo) == (line, what, todo)

"""Problems of one rule become one line, with their count and the first places."""

from __future__ import annotations

import pytest

from feeds.model import Problem
from feeds.problem_groups import MOST_LINES, group_problems


def problems(*whats: str, todo: str = "correct it", severity: str = "error") -> list[Problem]:
    return [
        Problem(f"{number}.md", number, what, todo, severity=severity)
        for number, what in enumerate(whats, 1)
    ]


SAME_RULE = {
    "there is no title": ["there is no title"] * 4,
    "date: … is not a date": [f"date: '{day}' is not a date" for day in ("soon", "a b", "?", "9")],
    "date: no such date: …": [f"date: no such date: 2026-13-0{n}" for n in "1234"],
    "the post has … categories": [f"the post has {n} categories" for n in (101, 140, 101, 1_500)],
    "feeds show … in place of this file": [f"feeds show {n} in place of this file" for n in
                                           ("a/b.md", "c.md", "d/1.html", "é.md")],
    "{{page.author}} shows nothing": ["{{page.author}} shows nothing"] * 4,
    "byte … is not UTF-8": [f"byte {n} is not UTF-8" for n in (14, 15, 16, 17)],
}  # fmt: skip


@pytest.mark.parametrize(("text", "whats"), SAME_RULE.items())
def test_problems_that_differ_in_what_they_quote_are_one_line(text: str, whats: list[str]) -> None:
    (group,), alone = group_problems(problems(*whats))
    assert alone == []
    assert str(group) == f"4 posts: {text}; correct it (1.md:1, 2.md:2, 3.md:3, …)"


@pytest.mark.parametrize(
    "whats",
    [
        ["there is no title"] * MOST_LINES,
        ["there is no title", "the title is empty"] * MOST_LINES,
        ["date: 'soon' is not a date", "expires: 'soon' is not a date"] * MOST_LINES,
    ],
)
def test_few_problems_of_one_rule_stay_alone(whats: list[str]) -> None:
    found = problems(*whats)
    assert group_problems(reversed(found)) == ([], sorted(found))


def test_errors_and_warnings_with_one_text_are_two_groups() -> None:
    found = problems(*["x"] * 4) + problems(*["x"] * 5, severity="warning")
    groups, _ = group_problems(found)
    assert [str(group).partition("x;")[0] for group in groups] == [
        "warning: 5 posts: ",
        "4 posts: ",
    ]


def test_advice_that_is_another_for_each_post_is_not_in_the_line() -> None:
    advice = ["write title: A", 'write it as date: "1"', "remove it", "put it between two quotes"]
    found = [Problem(f"{todo[:3]}.md", 2, "not valid YAML", todo) for todo in advice]
    (group,), _ = group_problems(found)
    assert group.text == "not valid YAML"


def test_a_post_with_several_counts_once_and_is_named_once() -> None:
    found = [Problem(key, line, "a field", "") for key in "ab" for line in (0, 7, 9)]
    (group,), _ = group_problems(found)
    assert str(group) == "2 posts, 6 times: a field (a:1, b:1)"


def test_groups_of_many_posts_come_first() -> None:
    groups, _ = group_problems(problems(*["few"] * 4, *["many"] * 12, *["some"] * 7))
    assert [group.posts for group in groups] == [12, 7, 4]


def test_no_key_can_forge_a_line() -> None:
    found = [Problem(f"{number}\nx.md", 1, "a field", "") for number in range(4)]
    (group,), _ = group_problems(found)
    assert str(group) == "4 posts: a field (0\\nx.md:1, 1\\nx.md:1, 2\\nx.md:1, …)"

"""YAML front matter -> its fields as text, with messages for people who do not know YAML."""

from __future__ import annotations

import yaml

from feeds.errors import PostError
from feeds.model import Problem
from feeds.reading.front_matter.formats import MAX_DEPTH, MAX_QUOTED, FrontMatterFormat, Value
from feeds.text import without_controls

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_REPAIRS = 12


_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# A part of the parser's message; our words for it, and what to do, for people who do not know YAML.
# The first row that fits is used.
_MESSAGES = (
    (
        "found unexpected end of stream",
        "the quotation mark here is never closed",
        "add one at the end of the text",
    ),
    (
        "expected ':'",
        "this line is not a field and not part of one",
        "write it as name: text, or move it below the front matter",
    ),
    (
        "did not find expected",
        "this does not fit with the lines before it",
        'check the quotes and the indentation here and above; put a text with quotes in "quotes"',
    ),
    ("found character", "a text cannot start with this character", 'put the text in "quotes"'),
)
# Errors that the parser notices only further down. They start at the place that it calls context.
_NOTICED_LATE = ("end of stream", "expected ':'")
_GENERAL_ADVICE = 'put a text with a colon or with quotes in it in "quotes"'


class YamlFormat(FrontMatterFormat):
    """The part of YAML that front matter needs: texts, lists and tables."""

    def parse_fields(self, source: str) -> dict[str, Value]:
        """The fields; obvious mistakes are repaired, with a warning. Raises PostError."""
        try:
            return self._compose(source)
        except yaml.MarkedYAMLError as error:
            return self._repaired(source, error)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise PostError(self._problem_of(str(error), 0, 0)) from None

    def _compose(self, source: str) -> dict[str, Value]:
        """Compose YAML's parse events into texts, lists and tables.

        Raises PostError for what front matter does not need and an attacker could use: anchors,
        aliases and merge keys (a small text becomes a large value), tags (it becomes an object),
        and depth (the C library crashes). Raises yaml.MarkedYAMLError for invalid YAML.
        """
        top: Value = ""
        open_: list[list[Value] | dict[str, Value]] = []
        names: list[tuple[str, int, int] | None] = []
        places: dict[str, tuple[int, int]] = {}
        seen: set[str] = set()
        repeats: list[tuple[str, int, int]] = []
        documents = 0
        for event in yaml.parse(source, Loader=_Loader):
            value: Value
            if isinstance(event, yaml.NodeEvent):
                if event.anchor is not None:
                    raise self._refused(event, "anchors and aliases (& and *) are not supported")
                if getattr(event, "tag", None) not in (None, "!"):
                    raise self._refused(event, "tags (!) are not supported")
                if len(open_) == 1 and (name := names[-1]):
                    line, column = _place(event)
                    if line == name[1]:
                        places[name[0]] = self.line + line, column
            if isinstance(event, yaml.ScalarEvent):
                value = "" if not event.style and event.value in _NULLS else event.value
            elif isinstance(event, yaml.CollectionStartEvent):
                if len(open_) == MAX_DEPTH:
                    what = f"lists and tables are nested deeper than {MAX_DEPTH}"
                    raise self._refused(event, what, "use fewer levels of nesting")
                if open_ and isinstance(open_[-1], dict) and names[-1] is None:
                    raise yaml.MarkedYAMLError(
                        problem="found a table as a key",
                        problem_mark=event.start_mark,  # type: ignore[arg-type]  # the C parser's
                    )
                open_.append({} if isinstance(event, yaml.MappingStartEvent) else [])
                names.append(None)
                continue
            elif isinstance(event, yaml.CollectionEndEvent):
                value = open_.pop()
                names.pop()
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                continue
            else:
                continue
            if documents > 1:
                break
            if not open_:
                top = value
            elif isinstance(parent := open_[-1], list):
                parent.append(value)
            elif (name := names[-1]) is None:
                line, column = _place(event)
                names[-1] = name = (value if isinstance(value, str) else "", line, column)
                if len(open_) == 1:
                    places[name[0]] = self.line + line, column
                    if (lower := name[0].lower()) in seen:
                        repeats.append(name)
                    seen.add(lower)
            else:
                parent[name[0]] = value
                names[-1] = None
        for name in repeats:
            self.report_repeated(*name)
        self.places = places
        if top == "":
            return {}
        if not isinstance(top, dict):
            what = "the front matter is a text or a list, and has no fields"
            raise PostError(self.problem(0, what, "write each field as a line such as title: …"))
        return top

    def _refused(
        self, event: yaml.Event, what: str, todo: str = 'put the text in "quotes"'
    ) -> PostError:
        """The error for something in the front matter that this program does not read."""
        line, column = _place(event)
        return PostError(self.problem(line, what, todo, column=column))

    def _problem_of(self, why: str, line: int, column: int) -> Problem:
        """The problem for a message of the parser, in words for the author of the post."""
        why = " ".join(without_controls(why).split())[:MAX_QUOTED]
        for part, what, todo in _MESSAGES:
            if part in why:
                return self.problem(line, what, todo, column=column)
        what = f"the front matter is not valid YAML ({why})"
        return self.problem(line, what, _GENERAL_ADVICE, column=column)

    def _repaired(self, source: str, error: yaml.MarkedYAMLError) -> dict[str, Value]:
        """Repair one line after another until the YAML is valid, and warn of each.

        Raises PostError with the first error if there is no repair for a line.
        """
        first, lines = error, source.split("\n")
        # Most posts need no repair, and the import would be part of each cold start.
        from feeds.reading.front_matter.yaml_repair import Repair, first_repair

        repairs: dict[int, Repair] = {}
        for _ in range(MAX_REPAIRS):
            repair = first_repair(lines, error, repairs)
            if repair is None:
                break
            lines[repair.at : repair.at + repair.count] = [repair.text, *[""] * (repair.count - 1)]
            repairs[repair.at] = repair
            try:
                metadata = self._compose("\n".join(lines))
            except yaml.MarkedYAMLError as next_:
                error = next_
                continue
            except (yaml.YAMLError, ValueError, RecursionError):
                break
            self.problems += [
                self.problem(at, repair.what, repair.todo, "warning", repair.column, repair.field)
                for at, repair in sorted(repairs.items())
            ]
            return metadata
        raise PostError(self._unclosed(first, lines) or self._problem_at(first, len(lines)))

    def _unclosed(self, error: yaml.MarkedYAMLError, lines: list[str]) -> Problem | None:
        """The problem of a list or table without its closing bracket, at its start."""
        start, end = error.context_mark, error.problem_mark
        for bracket, kind in (("]", "list"), ("}", "table")):
            if start and end and f"or '{bracket}'" in (error.problem or ""):
                if any(bracket in line for line in lines[start.line : end.line + 1]):
                    return None  # closed: a comma is missing in it
                what = f"the {kind} is not closed"
                return self.problem(start.line, what, f"add {bracket}", column=start.column + 1)
        return None

    def _problem_at(self, first: yaml.MarkedYAMLError, lines: int) -> Problem:
        """The problem of invalid YAML, at the place where the mistake is."""
        mark = first.problem_mark
        why = first.problem or "no reason given"
        if first.context_mark and (mark is None or any(text in why for text in _NOTICED_LATE)):
            mark = first.context_mark
        if mark is None:
            return self._problem_of(why, 0, 0)
        return self._problem_of(why, min(mark.line, max(lines - 1, 0)), mark.column + 1)


def _place(event: yaml.Event) -> tuple[int, int]:
    """The line (from 0) and the column (from 1) of an event."""
    mark = event.start_mark
    return (mark.line, mark.column + 1) if mark else (0, 0)

"""YAML front matter -> its fields as text, with messages for people who do not know YAML."""

from __future__ import annotations

import yaml

from feeds.errors import PostError
from feeds.model import Problem
from feeds.reading.front_matter.formats import MAX_DEPTH, MAX_QUOTED, FrontMatterFormat, Value
from feeds.reading.front_matter.yaml_repair import Repair, first_repair
from feeds.text import without_controls

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_REPAIRS = 12


# --- YAML ----------------------------------------------------------------------------------------

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# What YAML says; what is wrong, and what to do about it, for somebody who has never read its
# specification. The first that fits.
_FAULTS = (
    (
        "found unexpected end of stream",
        "the quotation mark that starts a text here has no partner",
        "put one at the end of the text",
    ),
    (
        "expected ':'",
        "this line is neither a field nor part of one",
        "write it as name: text, or move it below the front matter",
    ),
    (
        "did not find expected",
        "this does not fit with the lines before it",
        'check the quotes and the indentation here and above; put a text with quotes in "quotes"',
    ),
    ("found character", "a text may not start like this", 'put it in "quotes"'),
)
# What YAML notices only further down; it began at the place that it calls the context.
_LATE = ("end of stream", "expected ':'")
_OTHERWISE = 'put a text that has a colon or quotes in it in "quotes"'


class YamlFormat(FrontMatterFormat):
    """YAML, as far as front matter needs it: anything in it is a text, a list or a table."""

    def table(self, fm: str) -> dict[str, Value]:
        """The fields; what is plainly meant is mended, and reported as a warning."""
        try:
            return self._read(fm)
        except yaml.MarkedYAMLError as error:
            return self._mended(fm, error)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise PostError(self._unreadable(str(error), 0, 0)) from None

    def _read(self, source: str) -> dict[str, Value]:
        """Compose YAML's parse events into text, lists and tables, refusing what could grow.

        Anchors, aliases and merge keys make a small text a large value; tags make it an object;
        depth makes it a crash of the C library. None of them is front matter.
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
                    raise self._refused(event, "anchors and aliases (& and *) are not read")
                if getattr(event, "tag", None) not in (None, "!"):
                    raise self._refused(event, "tags (!) are not read")
                if len(open_) == 1 and (name := names[-1]):
                    line, column = _place(event)
                    if line == name[1]:
                        places[name[0]] = self.line + line, column
            if isinstance(event, yaml.ScalarEvent):
                value = "" if not event.style and event.value in _NULLS else event.value
            elif isinstance(event, yaml.CollectionStartEvent):
                if len(open_) == MAX_DEPTH:
                    what = f"lists and tables are nested deeper than {MAX_DEPTH}"
                    raise self._refused(event, what, "write it flatter")
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
            elif isinstance(inside := open_[-1], list):
                inside.append(value)
            elif (name := names[-1]) is None:
                line, column = _place(event)
                names[-1] = name = (value if isinstance(value, str) else "", line, column)
                if len(open_) == 1:
                    places[name[0]] = self.line + line, column
                    if (same := name[0].lower()) in seen:
                        repeats.append(name)
                    seen.add(same)
            else:
                inside[name[0]] = value
                names[-1] = None
        for name in repeats:
            self.repeated(*name)
        self.places = places
        if top == "":
            return {}
        if not isinstance(top, dict):
            what = "the front matter is a text or a list, not a table"
            raise PostError(self.problem(0, what, "write a line for each field, such as title: …"))
        return top

    def _refused(
        self, event: yaml.Event, what: str, todo: str = 'put the text in "quotes"'
    ) -> PostError:
        line, column = _place(event)
        return PostError(self.problem(line, what, todo, column=column))

    def _unreadable(self, why: str, line: int, column: int) -> Problem:
        why = " ".join(without_controls(why).split())[:MAX_QUOTED]
        for said, what, todo in _FAULTS:
            if said in why:
                return self.problem(line, what, todo, column=column)
        what = f"the front matter is not valid YAML ({why})"
        return self.problem(line, what, _OTHERWISE, column=column)

    def _mended(self, source: str, error: yaml.MarkedYAMLError) -> dict[str, Value]:
        """Repair the lines that YAML stumbles over, as long as it is plain what was meant."""
        first, lines = error, source.split("\n")
        done: dict[int, Repair] = {}
        for _ in range(MAX_REPAIRS):
            found = first_repair(lines, error, done)
            if found is None:
                break
            lines[found.at : found.at + found.count] = [found.text, *[""] * (found.count - 1)]
            done[found.at] = found
            try:
                metadata = self._read("\n".join(lines))
            except yaml.MarkedYAMLError as next_:
                error = next_
                continue
            except (yaml.YAMLError, ValueError, RecursionError):
                break
            self.problems += [
                self.problem(at, found.what, found.todo, "warning", found.column, found.field)
                for at, found in sorted(done.items())
            ]
            return metadata
        mark = first.problem_mark
        why = first.problem or "no reason given"
        if first.context_mark and (mark is None or any(said in why for said in _LATE)):
            mark = first.context_mark
        raise PostError(
            self._unreadable(
                why,
                min(mark.line, max(len(lines) - 1, 0)) if mark else 0,
                mark.column + 1 if mark else 0,
            )
        ) from None


def _place(event: yaml.Event) -> tuple[int, int]:
    """The line (from 0) and the column (from 1) of an event."""
    mark = event.start_mark
    return (mark.line, mark.column + 1) if mark else (0, 0)

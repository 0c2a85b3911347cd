"""Looks up the fields of a post's front matter by name, and reports problems at their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from feeds.model import Problem, Severity
from feeds.reading.front_matter.formats import Value
from feeds.reading.front_matter.parse import FrontMatter


class Fields:
    """The fields of one post, and the problems found in them so far.

    Upper and lower case in names are the same. A dot leads into a table: ``extra.author``.
    `defaults` has values for posts without any of several fields, by the names of these.
    """

    def __init__(
        self,
        key: str,
        front_matter: FrontMatter,
        defaults: Mapping[tuple[str, ...], Value] = MappingProxyType({}),
    ) -> None:
        self.key, self.metadata, self.defaults = key, front_matter.metadata, defaults
        self.problems = list(front_matter.problems)
        self._values = {name.lower(): value for name, value in front_matter.metadata.items()}
        self._names = tuple(self._values)
        self._places = {name.lower(): place for name, place in front_matter.places.items()}

    def __contains__(self, name: str) -> bool:
        """Return whether the front matter has the field; it may be empty."""
        return name in self._values

    def get(self, name: str) -> Value:
        """The value of a field; ``""`` if there is no such field."""
        return self._values.get(name, "")

    def filled(self, names: tuple[str, ...]) -> Iterable[tuple[str, Value]]:
        """The name and value of each of these fields that has a value, in the order of `names`."""
        paths = _paths(names, self._names)
        return self._at(paths) if paths else ()

    def _at(self, paths: Iterable[tuple[str, str, list[str]]]) -> Iterator[tuple[str, Value]]:
        for name, field, inner in paths:
            value = self._values[field]
            for part in inner:
                value = value.get(part, "") if isinstance(value, dict) else ""
            if value:
                yield name, value

    def first(self, names: tuple[str, ...]) -> tuple[str, Value]:
        """The name and value of the first of these fields that has a value; else two ``""``."""
        return next(iter(self.filled(names)), ("", ""))

    def value(self, names: tuple[str, ...]) -> Value:
        """The value of the first of these fields that has one; else their default, or ``""``."""
        return self.first(names)[1] or self.defaults.get(names, "")

    def text(self, names: tuple[str, ...]) -> str:
        """The first of these fields that is a text; else ``""``."""
        for _, value in self.filled(names):
            if isinstance(value, str) and (text := value.strip()):
                return text
        default = self.defaults.get(names, "")
        return default if isinstance(default, str) else ""

    def report(self, name: str, what: str, todo: str, severity: Severity = "error") -> None:
        """Add a problem at the place of the field's value."""
        self.problems.append(self.problem(name, what, todo, severity))

    def problem(self, name: str, what: str, todo: str, severity: Severity = "error") -> Problem:
        """A problem at the place of the field's value, which is not added."""
        line, column = self._places.get(name.lower(), (0, 0))
        return Problem(self.key, line, what, todo, name, column, severity)

    def warn_at_line(self, line: int, what: str, todo: str) -> None:
        """Add a warning at the start of a line of the file, from 1."""
        self.problems.append(Problem(self.key, line, what, todo, "", 1, "warning"))


@lru_cache(2048)  # a site's posts have the same few sets of fields
def _paths(names: tuple[str, ...], fields: tuple[str, ...]) -> list[tuple[str, str, list[str]]]:
    """Those of `names` whose field exists: the name, its field, and the steps into the field."""
    split = ((name, name.lower().split(".")) for name in names)
    return [(name, path[0], path[1:]) for name, path in split if path[0] in fields]


# --- names in any spelling -----------------------------------------------------------------------

_SEPARATORS = re.compile(r"[\s._-]+")
_CONTAINERS = re.compile(r"(?:(?:params|extra|meta|metadata|seo|settings|options|custom)\.)+", re.I)
"""Tables that group the fields of a theme or a site: Hugo's `params`, Zola's `extra`."""
_MAX_DEPTH = 4


@lru_cache(4096)
def spelling(name: str) -> str:
    """The form that all spellings of a name share.

    ``exclude_from_feed``, ``exclude-from-feed`` and ``excludeFromFeed`` are one name; so are
    ``build.list``, ``_build.list`` and ``build_list``, and ``params.hidden`` and ``hidden``.
    """
    return _SEPARATORS.sub(
        "", name[start.end() :] if (start := _CONTAINERS.match(name)) else name
    ).lower()


def flat_fields(
    metadata: Mapping[str, Value], prefix: str = "", depth: int = 1
) -> Iterator[tuple[str, Value]]:
    """Each field with its dotted name as written; a table, and then the fields in it."""
    for name, value in metadata.items():
        path = prefix + name
        yield path, value
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from flat_fields(value, f"{path}.", depth + 1)

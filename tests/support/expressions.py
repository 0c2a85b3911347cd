"""Finds every regular expression of the package, and makes the texts that could take it long.

An expression takes long on a long run of characters that several of its parts accept, after a text
that its other parts accept. So the texts are made of the expression itself: its parse tree gives
the characters (one of each class) and the texts that lead to each repetition.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import FrameType, ModuleType
from typing import Any, NamedTuple

import feeds

METHODS = ("match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split")
LOCALS = {
    "kind": "style",
    "name": "svg",
    "parts": ("(?:[^/]+/)*[^/]*\\.md", ".*/draft/[^/]"),
    "theirs": ":title",
}
"""Examples of the local variables that expressions inside functions are made of."""


class Expression(NamedTuple):
    """A regular expression as the program uses it."""

    place: str
    """The module and the line."""
    pattern: re.Pattern[Any]
    methods: frozenset[str]
    """The methods that the program calls."""


# --- where they are ------------------------------------------------------------------------------


def modules() -> list[ModuleType]:
    """All modules of the package."""
    names = (found.name for found in pkgutil.walk_packages(feeds.__path__, "feeds."))
    return [feeds, *(importlib.import_module(name) for name in names)]


def expressions(found_in: list[ModuleType]) -> list[Expression]:
    """The expressions in the calls ``re.…(…)`` in the sources of these modules."""
    found = []
    for module in found_in:
        assert module.__file__
        with open(module.__file__, encoding="utf-8") as file:  # noqa: PTH123
            tree = ast.parse(file.read())
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for call in ast.walk(tree):
            if (name := _called(call)) is None:
                continue
            assert isinstance(call, ast.Call)
            methods = {name} if name in METHODS else _methods(_name_of(call, parents), tree)
            place = f"{module.__name__}:{call.lineno}"
            if isinstance(table := parents[call], ast.GeneratorExp):
                patterns = list(_value(table, module))
            else:
                patterns = [_evaluated(call, name, module)]
            found += [Expression(place, pattern, frozenset(methods)) for pattern in patterns]
    return found


def _called(node: ast.AST) -> str | None:
    """The name of the function of `re` that is called with an expression."""
    if isinstance(node, ast.ImportFrom):
        assert node.module != "re", "write re.compile, so that this test finds it"
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    module, name = node.func.value, node.func.attr
    is_re = isinstance(module, ast.Name) and module.id == "re"
    return name if is_re and name in ("compile", *METHODS) else None


def _evaluated(call: ast.Call, name: str, module: ModuleType) -> re.Pattern[Any]:
    """The expression of a call, compiled with its flags."""
    nodes = [call.args[0], *(call.args[1:2] if name == "compile" else ())]
    nodes += [keyword.value for keyword in call.keywords if keyword.arg == "flags"]
    return re.compile(*(_value(node, module) for node in nodes))


def _value(node: ast.expr, module: ModuleType) -> Any:
    return eval(compile(ast.Expression(node), module.__name__, "eval"), vars(module), dict(LOCALS))


def _name_of(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> str:
    """The name that the expression is assigned to, also inside a table; or of the function that
    returns it; ``""`` if there is none."""
    node: ast.AST = call
    while node in parents and not isinstance(node, ast.stmt):
        node = parents[node]
    if isinstance(node, ast.Return) and isinstance(function := parents[node], ast.FunctionDef):
        return function.name
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else ""


def _methods(name: str, tree: ast.AST) -> set[str]:
    """The methods that are called on a name, its items or its result; all if none is found."""
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            owner = node.value
            if isinstance(owner, ast.Subscript):
                owner = owner.value
            elif isinstance(owner, ast.Call):
                owner = owner.func
            if isinstance(owner, ast.Name) and owner.id == name:
                used.add(node.attr)
    return used or {"match", "fullmatch", "finditer"}


# --- texts that could take long ------------------------------------------------------------------

_MANY = 16
"""Of an expression with more characters than this, only those that it repeats are tried."""
_COMMON = " \n\ta0-<>\"'/\ufeff"
_CATEGORIES = {"SPACE": " ", "DIGIT": "0", "WORD": "a"}


class LongText(NamedTuple):
    """A text of any length: ``lead + (units * n) + rest``."""

    lead: str
    units: tuple[str, ...]
    """Texts that are repeated, one after the other."""
    rest: str

    def of(self, size: int) -> str:
        """The text with about `size` characters."""
        share = size // len(self.units)
        return self.lead + "".join(u * (share // len(u)) for u in self.units) + self.rest


_REST = "\n\0"  # so that no repetition reaches the end of the text


def long_texts(pattern: re.Pattern[Any]) -> Iterator[LongText]:
    """The texts that could take long."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    leads = list(dict.fromkeys(["", *_leads(tree)]))
    own = list(dict.fromkeys(_characters(tree)))
    if len(own) > _MANY:
        own = list(dict.fromkeys(_repeated_characters(tree)))
    units = list(dict.fromkeys([*own, *_COMMON]))
    pairs = list(itertools.permutations(own, 2))
    for lead in leads:
        for unit in units:
            yield LongText(lead, (unit,), "")
            yield LongText(lead, (unit,), _REST)
            if lead:
                yield LongText("", (lead + unit,), "")
        for first, second in pairs:
            yield LongText(lead, (first + second,), _REST)
            yield LongText(lead, (first, second), _REST)


def _characters(tree: Any) -> Iterator[str]:
    """One character of each class and each literal in a parse tree."""
    for code, value in tree:
        if code is op.LITERAL:
            yield chr(value)
        elif code in (op.NOT_LITERAL, op.ANY, op.IN):
            yield from _members(code, value)
        else:
            for part in _parts(code, value):
                yield from _characters(part)


def _repeated_characters(tree: Any) -> Iterator[str]:
    """The characters in repetitions without an end."""
    for code, value in tree:
        if _is_endless(code, value):
            yield from _characters(value[2])
        else:
            for part in _parts(code, value):
                yield from _repeated_characters(part)


def _members(code: Any, value: Any) -> list[str]:
    """Some characters that a class accepts, one for each of its items."""
    if code is op.ANY:
        return ["."]
    if code is op.NOT_LITERAL:
        return ["." if value != ord(".") else ","]
    accepts = re.compile(_class_of(value))
    candidates = []
    for kind, item in value:
        if kind is op.LITERAL:
            candidates.append(chr(item))
        elif kind is op.RANGE:
            candidates.append(chr(item[0]))
        elif kind is op.CATEGORY:
            candidates.append(_CATEGORIES[str(item).rpartition("_")[2]])
    accepted = [char for char in [*candidates, *".a0 -_/\u00e9"] if accepts.fullmatch(char)]
    return accepted[:6] if value[0][0] is not op.NEGATE else accepted[:2]


def _class_of(items: Any) -> str:
    """The source of a class in brackets."""
    text = ""
    for kind, item in items:
        if kind is op.NEGATE:
            text += "^"
        elif kind is op.LITERAL:
            text += f"\\U{item:08x}"
        elif kind is op.RANGE:
            text += f"\\U{item[0]:08x}-\\U{item[1]:08x}"
        else:
            word = str(item).rpartition("CATEGORY_")[2]
            letter = word.rpartition("_")[2][0].lower()
            text += "\\" + (letter.upper() if word.startswith("NOT") else letter)
    return f"[{text}]"


def _parts(code: Any, value: Any) -> list[Any]:
    """The parse trees inside a node."""
    if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return [value[2]]
    if code is op.SUBPATTERN:
        return [value[3]]
    if code is op.ATOMIC_GROUP:
        return [value]
    if code is op.BRANCH:
        return list(value[1])
    if code in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return []


def _is_endless(code: Any, value: Any) -> bool:
    """Whether a node repeats a part without a limit."""
    is_repetition = code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
    return is_repetition and value[1] is op.MAXREPEAT


def _leads(tree: Any, before: str = "") -> Iterator[str]:
    """For each repetition without an end in a parse tree, a text that leads to it."""
    for code, value in tree:
        if _is_endless(code, value):
            yield before
        for part in _parts(code, value):
            yield from _leads(part, before)
        before += _sample([(code, value)])


def _sample(tree: Any) -> str:
    """A short text that a parse tree accepts, without regard to what must not follow."""
    text = ""
    for code, value in tree:
        if code is op.LITERAL:
            text += chr(value)
        elif code in (op.NOT_LITERAL, op.ANY, op.IN):
            text += _members(code, value)[0]
        elif code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            text += _sample(value[2]) * value[0]
        elif code is op.BRANCH:
            text += _sample(value[1][0])
        elif code is op.ASSERT_NOT or (code is op.ASSERT and value[0] > 0):
            continue
        else:
            text += "".join(map(_sample, _parts(code, value)))
    return text


# --- how long they take --------------------------------------------------------------------------


def seconds(expression: Expression, text: str, limit: float) -> float:
    """Seconds of this thread's processor for all uses of an expression on a text, up to `limit`."""
    subject: Any = text if isinstance(expression.pattern.pattern, str) else text.encode()
    start = time.thread_time()
    try:
        with _time_limit(limit):
            for method in expression.methods:
                _use(expression.pattern, method)(subject)
    except TimeoutError:
        return limit
    return time.thread_time() - start


def _use(pattern: re.Pattern[Any], method: str) -> Callable[[Any], object]:
    if method in ("match", "fullmatch", "search"):
        use: Callable[[Any], object] = getattr(pattern, method)
        return use
    return lambda text: [match.end() for match in pattern.finditer(text)]


@contextmanager
def _time_limit(limit: float) -> Iterator[None]:
    """Raise TimeoutError in the block after `limit` seconds of the processor."""

    def end(_: int, __: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)

"""`feeds check`: what each post would become, and everything wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from feeds.cli import console
from feeds.cli.options import ConfigOption, load_config
from feeds.config import Config
from feeds.errors import ConfigError
from feeds.model import Problem
from feeds.reading.entry import fill_entry
from feeds.reading.post import read_post
from feeds.reading.selection import is_post


class Answer(StrEnum):
    """How `check` answers."""

    text = "text"
    json = "json"


def check(
    paths: Annotated[list[Path], typer.Argument(help="Posts, or folders of posts.", exists=True)],
    config_path: ConfigOption = None,
    visit: Annotated[
        bool, typer.Option("--links", help="Visit the source articles, and name the dead ones.")
    ] = False,
    answer: Annotated[
        Answer,
        typer.Option("--format", help="json: an array of the problems, for editors and CI."),
    ] = Answer.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show what each post would become, and everything wrong with it.

    Exits with 1 when there is a problem, for an editor's save hook or a pre-commit. With --links it
    asks each host for one article a second, four hosts at a time, for ten minutes at most.

    Example: feeds check posts/2026-11-22-hello.md
    """
    settings, where = load_config(config_path, str(paths[0]))
    from rich.table import Table  # no other command needs it

    table = Table("title", "date", "categories", "link", box=None, pad_edge=False)
    problems: list[Problem] = []
    sources: list[tuple[Path, str]] = []
    for column in table.columns:
        column.overflow = "fold"
    for path, key in _checked(paths, settings, where.absolute().parent):
        if not is_post(key, settings):
            table.add_row("(not a post)", "", "", str(path))
            continue
        try:
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            data = path.read_bytes()
        except OSError as error:
            what = f"the file cannot be read ({error.strerror})"
            problems.append(Problem(str(path), 0, what, "check its permissions"))
            continue
        reading = read_post(key, data, modified, settings)
        entry, found = fill_entry(reading, settings)
        problems += [_at(problem, path) for problem in found]
        if entry is None:
            if reading.post is None and not reading.failed:
                table.add_row("(not published)", "", "", str(path))
            continue
        names = ", ".join(term.title or term.name for term in entry.terms)
        table.add_row(entry.title, entry.published.isoformat(" "), names, entry.link)
        if reading.link_rule != "permalink":
            sources.append((path, entry.link))
    if as_json:
        answer = Answer.json
    if answer is Answer.text:
        if console.out.is_terminal and table.rows:
            console.out.print(table)
        else:
            for row in zip(*(column.cells for column in table.columns), strict=True):
                typer.echo("\t".join(str(cell) for cell in row))
        if not table.rows and not problems:
            console.err.print(
                f"there are no posts in {', '.join(map(str, paths))} (see posts.include)"
            )
    problems += _dead(sources) if visit else []
    if answer is Answer.json:
        typer.echo(console.as_json(problems))
    else:
        console.print_problems(problems, "")
    if problems:
        raise typer.Exit(1)


def _dead(sources: list[tuple[Path, str]]) -> Iterator[Problem]:
    """A warning for each post whose source article cannot be read any more."""
    from feeds.cli.link_check import visit_links

    with console.progress("visiting the links of") as progress:
        visits = visit_links((link for _, link in sources), progress=progress)
    for path, link in sources:
        if what := visits.dead.get(link):
            todo = "look for the article elsewhere, or look again later"
            yield Problem(str(path), 0, f"{link}: {what}", todo, severity="warning")
    if visits.left:
        console.err.print(
            f"{console.number(visits.left, 'link')} not visited: there was no time left"
        )


def _at(problem: Problem, path: Path) -> Problem:
    """The problem under the path that the person typed."""
    from msgspec.structs import replace

    return replace(problem, key=str(path))


def _files(folder: Path) -> Iterator[Path]:
    """All files under a folder. Raises ConfigError where a part of it cannot be read."""

    def denied(error: OSError) -> None:
        raise ConfigError([f"{error.filename}: cannot be read: {error.strerror}"])

    for parent, _, names in os.walk(folder, onerror=denied):
        yield from (file for name in names if (file := Path(parent, name)).is_file())


def _checked(paths: list[Path], settings: Config, root: Path) -> Iterator[tuple[Path, str]]:
    """The posts among files and folders, with the key that each would have."""
    for path in paths:
        if path.is_dir():
            for file in sorted(_files(path)):
                key = file.relative_to(path).as_posix()
                if is_post(key, settings):
                    yield file, key
        else:
            inside = path.absolute().is_relative_to(root)
            yield path, path.absolute().relative_to(root).as_posix() if inside else path.name

"""`feeds check`: what each post would become, and everything wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from msgspec.structs import replace

from feeds.building.site import PostSummary, identity_problems, summarize
from feeds.cli import console
from feeds.cli.options import ConfigOption, load_config
from feeds.config import Config
from feeds.errors import Denied, TooLarge
from feeds.model import Problem
from feeds.reading.entry import fill_entry, linked_posts, page_of
from feeds.reading.post import ReadResult, read_post, too_large
from feeds.reading.selection import is_post
from feeds.state.closed_posts import ClosedPosts
from feeds.stores.local import LocalStore
from feeds.stores.own_files import is_own


class OutputFormat(StrEnum):
    """The format of the output of `check`."""

    text = "text"
    json = "json"


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Posts or folders of posts.", exists=True)
    ],
    config_path: ConfigOption = None,
    visit: Annotated[
        bool, typer.Option("--links", help="Visit what the posts link to, and report dead links.")
    ] = False,
    output: Annotated[
        OutputFormat,
        typer.Option("--format", metavar="text|json", help="json: an array of the problems."),
    ] = OutputFormat.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show what each post would become, and everything wrong with it.

    Exits with 1 if there is a problem, for an editor's save hook or a pre-commit hook. --links
    visits one page a second on each host, four hosts at a time, for at most ten minutes.

    Example: feeds check posts/2026-11-22-hello.md
    """
    config, config_file = load_config(config_path, str(paths[0]), any_folder=True)
    checked, closed = _CheckedPosts(config), ClosedPosts()
    for path, key in _files_and_keys(paths, config, config_file.absolute().parent, closed):
        checked.add(path, key)
    checked.compare()
    as_json = as_json or output is OutputFormat.json
    if not as_json:
        _print_rows(checked.rows)
        if not checked.rows and not checked.problems:
            names = console.without_control_characters(", ".join(map(str, paths)))
            console.err.print(f"there are no posts in {names} (see posts.include)")
    problems = checked.problems + (_visit_links(checked.links) if visit else [])
    if as_json:
        typer.echo(console.problems_as_json(problems))
    else:
        console.print_each_problem(problems)
        console.print_undated(checked.undated)
        console.print_errors(closed.lines_of_files())
    if problems:
        raise typer.Exit(1)


Row = tuple[str, str, str, str, str]
_COLUMNS = ("title", "date", "categories", "link", "rule")


class _Link(NamedTuple):
    """The link of a post."""

    path: Path
    """The post's file."""
    address: str
    """Where it leads."""
    rule: str
    """What made it (`ReadResult.link_rule`)."""
    has_source: bool
    """Whether it leads to a source article; else to the post's own page."""

    @property
    def advice(self) -> str:
        """What to do if it is dead."""
        if self.has_source:
            return "find the article's new address, or check again later"
        return f"the site has no such page: correct {self.rule}, which gives its address"


class _CheckedPosts:
    """The posts that were checked: what they would become, and their problems."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.rows: list[Row] = []
        """A row of `_COLUMNS` for each post without an error."""
        self.undated: list[str] = []
        """The posts that have the time of their files, as they have no date."""
        self.problems: list[Problem] = []
        self._files: dict[str, Path] = {}
        self._summaries: list[PostSummary] = []
        self.links: list[_Link] = []

    def add(self, path: Path, key: str) -> None:
        """Read the file at `path` as the post at `key`."""
        if not is_post(key, self.config):
            self.rows.append(("(not a post)", "", "", str(path), ""))
            return
        limit = self.config.limits.post_bytes
        try:
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except PermissionError:
            self.problems.append(Problem(str(path), 0, "no permission to read this file", ""))
            return
        except OSError as error:
            what = f"the file cannot be read ({error.strerror})"
            self.problems.append(Problem(str(path), 0, what, "check the disk"))
            return
        if is_own(key, data, self.config.layout):
            self.rows.append(("(made by feeds)", "", "", str(path), ""))
            return
        if len(data) > limit:
            self.problems.append(too_large(str(path), self.config))
            return
        result = read_post(key, data, modified, self.config)
        result = result.with_attachment(_attachment_size(result, path)).as_of(datetime.now(UTC))
        linked = linked_posts(result, self.config)
        pages = {name: _page(name, key, path, self.config) for name in linked}
        entry, problems = fill_entry(result, self.config, pages)
        self.problems += [replace(problem, key=str(path)) for problem in problems]
        if entry is None:
            if result.post is None and not result.failed:
                self.rows.append((f"(left out: {result.decision.reason})", "", "", str(path), ""))
            return
        if result.undated:
            self.undated.append(str(path))
        if result.post and self._files.setdefault(key, path) == path:
            self._summaries.append(summarize(result.post, self.config))
        names = ", ".join(term.title or term.name for term in entry.terms)
        title, date = entry.title, entry.published.isoformat(" ")
        if result.decision.is_locked:
            title += f" (locked: {result.decision.reason})"
        if entry.expires:
            is_past = entry.expires <= datetime.now(UTC)
            date += f" ({'expired' if is_past else 'until'} {entry.expires.isoformat(' ')})"
        self.rows.append((title, date, names, entry.link, result.link_rule))
        self.links.append(_Link(path, entry.link, result.link_rule, result.has_source))

    def compare(self) -> None:
        """Report the posts that feeds do not show, because another one has the same id."""
        for problem in identity_problems(self._summaries, self.config):
            self.problems.append(replace(problem, key=str(self._files[problem.key])))


def _page(name: str, key: str, path: Path, config: Config) -> str:
    """The address of the page of the post at `name`, which the post in the file `path` links to.

    ``""`` if it has none, or cannot be read.
    """
    root = LocalStore(path.absolute().parents[key.count("/")])
    try:
        return page_of(root.get(name, config.limits.post_bytes), config)
    except (TooLarge, Denied):
        return ""


def _attachment_size(result: ReadResult, path: Path) -> int:
    """The size of the file that may be the enclosure of the post in the file `path`, in bytes."""
    if result.post is None or not result.post.attachment:
        return 0
    root = path.absolute().parents[result.post.key.count("/")]
    file = root / result.post.attachment
    return file.stat().st_size if file.is_file() else 0


def _print_rows(rows: list[Row]) -> None:
    """Print a table on a terminal, and lines with tabs in a pipe."""
    clean = console.without_control_characters  # the link may be the name of a file
    rows = [(title, date, names, clean(link), rule) for title, date, names, link, rule in rows]
    if not console.out.is_terminal or not rows:
        for row in rows:
            typer.echo("\t".join(row).rstrip("\t"))
        return
    from rich.table import Table  # no other command needs it

    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*row)
    console.out.print(table)


def _visit_links(links: list[_Link]) -> list[Problem]:
    """Visit the pages that posts link to; returns a warning for each dead link.

    A dead page of the site itself means that the rule for its address is wrong.
    """
    from feeds.cli.link_check import visit_links

    with console.progress("visiting the links of") as progress:
        visits = visit_links((link.address for link in links), progress=progress)
    if visits.not_visited:
        console.err.print(f"{console.number(visits.not_visited, 'link')} not visited: out of time")
    return [
        Problem(str(link.path), 0, f"{link.address}: {why}", link.advice, severity="warning")
        for link in links
        if (why := visits.dead.get(link.address))
    ]


def _files_and_keys(
    paths: list[Path], config: Config, root: Path, closed: ClosedPosts
) -> Iterator[tuple[Path, str]]:
    """The files, and the posts in the folders, each with the key that it would have.

    `closed` counts the other files in the folders.

    A folder has the files that a build would read in it (`LocalStore`): a symbolic link to a file
    in the folder counts as a file; a link out of the folder, or to another folder, is ignored.
    A file that `paths` names is read even if it is a link. Raises StoreError if a folder cannot be
    read.
    """
    for path in paths:
        if path.is_dir():
            for stat in closed.posts_among(LocalStore(path).list(), config):
                yield path / stat.key, stat.key
        else:
            inside = path.absolute().is_relative_to(root)
            yield path, path.absolute().relative_to(root).as_posix() if inside else path.name

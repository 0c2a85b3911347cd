"""Owns the command line: words typed by a person -> the parts, and what they answer in sentences.

Exit statuses: 0 done; 1 there were problems in posts (`check`, `problems`; `build` with --strict),
or a store lacks something (`doctor`); 2 the command could not be carried out (the configuration,
the store, the arguments); 130 it was stopped with Ctrl+C. A terminal gets colours, tables and a
progress bar; a pipe gets plain lines.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from feeds import __version__, build, config, output, paths, post, scan, theme
from feeds.config import Config
from feeds.errors import ConfigError, FeedsError
from feeds.model import Problem
from feeds.store import Store
from feeds.stores import open_store

if TYPE_CHECKING:
    from feeds.audit import Found
    from feeds.publish import Publisher


class Answer(StrEnum):
    """How `check` answers."""

    text = "text"
    json = "json"


_EPILOG = """
\b
Examples:
  feeds init my-blog/           write a feeds.toml
  feeds check posts/            say what is wrong with the posts
  feeds serve posts/            see the feeds on this machine
  feeds build posts/ public/    write them (also to s3://bucket/prefix)

\b
Exit status:
  0    done
  1    there are problems
  2    it could not be done
  130  stopped with Ctrl+C
"""

app = typer.Typer(
    name="feeds",
    help="Keep RSS and Atom feeds of the posts in a folder or a bucket.",
    epilog=_EPILOG,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
# Posts are shown as they are: [b] and :fire: in a title are text.
_out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

Posts = Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix with the posts.")]
ConfigPath = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration.", show_default="feeds.toml"),
]


def main() -> None:
    """Run the command line; errors are sentences, not tracebacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a title may be more than the locale can write
            stream.reconfigure(errors="backslashreplace")
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        app.rich_markup_mode = None  # help and usage errors without frames
    try:
        app()
    except FeedsError as error:
        for line in str(error).splitlines():
            _err.print(line)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say the version.")] = False,
) -> None:
    if version:
        _out.print(f"feeds {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


# --- what the commands share ---------------------------------------------------------------------


def _config(path: Path | None, posts: str = "") -> tuple[Config, Path]:
    """The configuration: named, or by FEEDS_CONFIG, or feeds.toml here or near the posts."""
    if path is None and os.environ.get("FEEDS_CONFIG"):
        path = Path(os.environ["FEEDS_CONFIG"])
    near = [Path.cwd()]
    if posts and not posts.startswith("s3://"):
        folder = Path(posts).expanduser().absolute()
        near += [folder, folder.parent]
    if path is None:
        path = next((f / "feeds.toml" for f in near if (f / "feeds.toml").is_file()), None)
    if path is None:
        raise ConfigError(
            ["there is no feeds.toml here or beside the posts; write one, or name it with --config"]
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not UTF-8; save it as UTF-8"]) from None
    return theme.read(config.parse(text, str(path)), path.parent), path


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """The rate of the last while; nothing before there is one."""
        rate = task.finished_speed or task.speed
        return Text(f"{rate:,.0f}/s" if rate else "", style="progress.data.speed")


@contextmanager
def _progress(what: str, *, in_a_pipe: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; one line otherwise, or none."""
    if not _err.is_terminal:
        told = not in_a_pipe

        def tell(_done: int, total: int) -> None:
            nonlocal told
            if not told:
                _err.print(f"{what} {_number(total, 'post')}")
            told = True

        yield tell
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    # Without auto_refresh it starts no thread, which a fork of this process would not survive.
    with Progress(*columns, console=_err, transient=True, auto_refresh=False) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total, refresh=True)


def _print_problems(problems: list[Problem], root: str) -> None:
    prefix = root if root.endswith("/") or not root else root + "/"
    for problem in sorted(problems):
        _err.print(_shown(problem, prefix))


def _shown(problem: Problem, prefix: str = "") -> Text:
    """A problem's line; its place is coloured on a terminal, by how bad it is."""
    line = _CONTROL.sub(lambda c: f"\\x{ord(c[0]):02x}", prefix + str(problem))
    text = Text(line)
    text.stylize("yellow" if problem.severity == "warning" else "red", 0, line.find(": ") + 1)
    return text


# A file's name can hold a line end or a terminal's commands: shown, they would forge a line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


# --- the commands --------------------------------------------------------------------------------


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(help="The site's folder.", exists=True, file_okay=False)
    ] = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take what fits.")] = False,
) -> None:
    """Write a feeds.toml, with what the site's own settings say.

    Knows the configurations of Jekyll, Hugo and Pelican; asks four questions.

    Example: feeds init my-blog/
    """
    from feeds import init as first

    target = folder / "feeds.toml"
    if target.exists():
        raise ConfigError([f"{target}: there is one already; change it, or move it away"])
    known = first.guess(folder)
    if known.unread:
        _err.print(f"{folder / known.unread}: cannot be read; nothing is taken from it")
    if known.file:
        _err.print(f"{known.kind}: some of the answers are from {folder / known.file}")

    def ask(words: str, likely: str, wrong: Callable[[str], str]) -> str:
        while not yes:
            try:
                answer: str = typer.prompt(words, default=likely, err=True)
            except typer.Abort as error:
                _err.print("\nnothing is written; with --yes it asks nothing")
                raise typer.Exit(
                    130 if isinstance(error.__context__, KeyboardInterrupt) else 2
                ) from None
            if not (why := wrong(answer)):
                return answer
            _err.print(why)
        return likely

    said = first.answers(known, folder, ask)
    now = datetime.now(UTC)
    text = first.feeds_toml(known, said, first.machine_zone(), now.year)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{target}: cannot be written: {error.strerror}"]) from None
    if known.kind == "Pelican":
        _err.print("Posts need their fields between lines of ---; others are named, and left out")
    _out.print(f"{target} is written. See what comes of it:")
    _out.print(f"feeds serve {folder / known.posts} --config {target}")


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="Posts, or folders of posts.", exists=True)],
    config_path: ConfigPath = None,
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
    settings, where = _config(config_path, str(paths[0]))
    table = Table("title", "date", "categories", "link", box=None, pad_edge=False)
    problems: list[Problem] = []
    sources: list[tuple[Path, str]] = []
    for column in table.columns:
        column.overflow = "fold"
    for path, key in _checked(paths, settings, where.absolute().parent):
        if not post.is_post(key, settings):
            table.add_row("(not a post)", "", "", str(path))
            continue
        try:
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            data = path.read_bytes()
        except OSError as error:
            what = f"the file cannot be read ({error.strerror})"
            problems.append(Problem(str(path), 0, what, "check its permissions"))
            continue
        reading = post.read(key, data, modified, settings)
        entry, found = post.filled(reading, settings)
        problems += [_at(problem, path) for problem in found]
        if entry is None:
            if reading.post is None and not reading.failed:
                table.add_row("(not published)", "", "", str(path))
            continue
        names = ", ".join(term.title or term.name for term in entry.terms)
        table.add_row(entry.title, entry.published.isoformat(" "), names, entry.link)
        if reading.link_from != "permalink":
            sources.append((path, entry.link))
    if as_json:
        answer = Answer.json
    if answer is Answer.text:
        if _out.is_terminal and table.rows:
            _out.print(table)
        else:
            for row in zip(*(column.cells for column in table.columns), strict=True):
                typer.echo("\t".join(str(cell) for cell in row))
        if not table.rows and not problems:
            _err.print(f"there are no posts in {', '.join(map(str, paths))} (see posts.include)")
    problems += _dead(sources) if visit else []
    if answer is Answer.json:
        typer.echo(_json(problems))
    else:
        _print_problems(problems, "")
    if problems:
        raise typer.Exit(1)


def _dead(sources: list[tuple[Path, str]]) -> Iterator[Problem]:
    """A warning for each post whose source article cannot be read any more."""
    from feeds import linkcheck

    with _progress("visiting the links of") as progress:
        visits = linkcheck.visits((link for _, link in sources), progress=progress)
    for path, link in sources:
        if what := visits.dead.get(link):
            todo = "look for the article elsewhere, or look again later"
            yield Problem(str(path), 0, f"{link}: {what}", todo, severity="warning")
    if visits.left:
        _err.print(f"{_number(visits.left, 'link')} not visited: there was no time left")


def _json(problems: list[Problem]) -> str:
    """Problems as a JSON array of ASCII, each with all its fields."""
    names = ("key", "line", "column", "field", "severity", "what", "todo")
    shown = [{name: getattr(problem, name) for name in names} for problem in sorted(problems)]
    return json.dumps(shown, indent=1)


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
                if post.is_post(key, settings):
                    yield file, key
        else:
            inside = path.absolute().is_relative_to(root)
            yield path, path.absolute().relative_to(root).as_posix() if inside else path.name


@app.command(name="build")
def build_(
    posts: Posts,
    out: Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix for the feeds.")],
    config_path: ConfigPath = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when there were problems.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Processes; 0: one for each core.", min=0)] = 0,
) -> None:
    """Build all feeds of all posts.

    Documents that would be the same bytes are not written again; those of feeds that are gone are
    removed, where this program wrote them.

    Example: feeds build posts/ public/
    """
    settings, _ = _config(config_path, posts)
    summary, problems = _built(settings, posts, out, jobs)
    _out.print(summary)
    if problems and strict:
        raise typer.Exit(1)


def _built(settings: Config, posts: str, out: str, jobs: int = 0) -> tuple[str, int]:
    """Build, print the problems, and return the summary and how many problems there were."""
    source, target = _source(posts), open_store(out)
    own = _documents_among(source, target)
    with scan.Scan(source, settings, datetime.now(UTC), jobs, skip=own) as scanned:
        with _progress("reading") as progress:
            scanned.read(progress)
        with _progress("rendering", in_a_pipe=False) as scanned.loading:
            counts = output.write(build.site(scanned.heads, scanned, settings), target)
        problems = sorted(set(scanned.problems))
    _print_problems(problems, posts)
    failed = {problem.key for problem in problems if problem.severity == "error"}
    published = build.chosen((h for h in scanned.heads if h.key not in failed), settings)
    parts = [
        _number(len(published), "post"),
        _number(len({path for head in published for path in head.paths} | {""}), "feed"),
        f"{_number(counts.written, 'document')} written",
        f"{counts.unchanged:,} unchanged",
        *([f"{counts.removed:,} removed"] if counts.removed else []),
        *([_number(scanned.drafts, "draft")] if scanned.drafts else []),
        *([f"{len(scanned.waiting):,} scheduled"] if scanned.waiting else []),
        _number(len(problems), "problem"),
    ]
    return ", ".join(parts), len(problems)


def _source(posts: str) -> Store:
    """The store of the posts. Raises StoreError, ConfigError where there is none."""
    store = open_store(posts)
    if not posts.startswith("s3://") and not Path(posts).expanduser().is_dir():
        raise ConfigError([f"{posts}: there is no such folder"])
    return store


def _documents_among(posts: Store, out: Store) -> Callable[[str], bool]:
    """Which keys of `posts` are documents of an earlier build: `feeds build . public` works."""
    outer, inner = (
        (url if url.startswith("s3://") else Path(url).resolve().as_posix()).rstrip("/") + "/"
        for url in (posts.url, out.url)
    )
    prefix = inner.removeprefix(outer)
    if not inner.startswith(outer):
        return lambda _: False
    return lambda key: key.startswith(prefix) and paths.is_document(key.removeprefix(prefix))


@app.command()
def serve(
    posts: Posts,
    config_path: ConfigPath = None,
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8000,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to keep the feeds; without it they go when the server stops."),
    ] = None,
) -> None:
    """Build the feeds, show them here, and follow every change of a post.

    Example: feeds serve posts/
    """
    from feeds import serve as server
    from feeds.live import Live

    # As Ctrl+C: what was started and made on the way goes before this process does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & would have it ignored
    settings, path = _config(config_path, posts)

    def report(what: str, problems: list[Problem], errors: list[str]) -> None:
        _print_problems(problems, posts)
        for error in errors:
            _err.print(error, markup=False)
        _out.print(what, markup=False)

    def follow(changed: set[str] | None) -> None:
        if changed is None:
            feeds.start()
        else:
            feeds.changed(changed)

    _source(posts)
    with server.folder(out) as root:
        feeds = Live(open_store(posts), root, lambda: _config(path, posts)[0], report)
        here = None if posts.startswith("s3://") else Path(posts).expanduser()
        if here is None:
            _out.print("Changes in the bucket are not followed; start again to see them.")
        sources = [path, *theme.files(settings, path.parent)]
        server.run(root / "public", here, sources, port, follow, _out.print)
        feeds.stop()


@app.command()
def publish(
    posts: Posts,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    keys: Annotated[list[str], typer.Argument(help="Posts: keys in POSTS, or files of it.")],
    config_path: ConfigPath = None,
) -> None:
    """Publish posts that were written, changed or deleted: only what they touch.

    It does what the cloud function does, for a script or a hook. Where there are no feeds yet, or
    after a change of feeds.toml, `rebuild` comes first.

    Example: feeds publish posts/ site/ posts/2026-11-22-hello.md
    """
    from feeds.publish import Publisher
    from feeds.world import RealWorld

    settings, _ = _config(config_path, posts)
    publisher = Publisher(_source(posts), open_store(feeds), settings, RealWorld())
    named = sorted({_key(word, posts) for word in keys})
    wanted = [key for key in named if post.is_post(key, settings)]
    for key in named:
        if key not in wanted:
            _err.print(f"{key}: not a post (see posts.include)", markup=False)
    changed, errors = _looked_at(publisher, wanted, posts)
    _out.print(f"{_number(len(wanted), 'post')}, {_number(changed, 'document')} written")
    for error in errors:
        _err.print(error, markup=False)
    if errors:
        raise typer.Exit(2)


def _key(word: str, posts: str) -> str:
    """The key of a post that was named by its key or by its file."""
    path, root = Path(word).absolute(), Path(posts).expanduser().absolute()
    is_file = not posts.startswith("s3://") and path != root and path.is_relative_to(root)
    return path.relative_to(root).as_posix() if is_file else word


def _looked_at(publisher: Publisher, keys: list[str], posts: str) -> tuple[int, list[str]]:
    """Publish posts in batches, and print their problems; documents written, and what failed."""
    from feeds.state import problems
    from feeds.unfinished import published

    changed = 0
    errors: list[str] = []
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        done = published(publisher, chunk)
        _print_problems(problems(done.looked.values()), posts)
        changed += len(done.changed)
        errors += done.errors
    return changed, errors


@app.command()
def rebuild(
    posts: Posts,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    config_path: ConfigPath = None,
) -> None:
    """Publish all posts of a bucket: at first, or for a new feeds.toml.

    It does what the cloud function does, in batches, while uploads go on. Stop it and start it
    again as you like: what was done already is not done again.

    Example: feeds rebuild s3://my-posts s3://my-feeds
    """
    from feeds.publish import Publisher
    from feeds.rebuild import rebuild as all_posts
    from feeds.state import problems
    from feeds.world import RealWorld

    settings, _ = _config(config_path, posts)
    _source(posts)
    publisher = Publisher(open_store(posts), open_store(feeds), settings, RealWorld())
    with _progress("publishing") as progress:
        done = all_posts(
            publisher,
            progress,
            told=lambda batch: _print_problems(problems(batch.looked.values()), posts),
        )
    for error in done.errors:
        _err.print(error, markup=False)
    parts = [
        f"{_number(done.posts, 'post')} published",
        f"{done.skipped:,} as before",
        f"{done.gone:,} gone",
        _number(done.feeds, "feed"),
        f"{_number(done.documents, 'document')} written",
        _number(done.problems, "problem"),
    ]
    _out.print(", ".join(parts))
    if done.errors:
        raise typer.Exit(2)


@app.command()
def audit(
    posts: Posts,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    config_path: ConfigPath = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what differs.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Find posts that no event told of, and publish them.

    They are new, newer or gone. Also puts feeds right that are not as they should be, and sweeps
    what crashes left behind.

    Example: feeds audit s3://my-posts s3://my-feeds --dry-run
    """
    from feeds.audit import audit as audited
    from feeds.publish import Publisher
    from feeds.world import RealWorld

    settings, _ = _config(config_path, posts)
    publisher = Publisher(_source(posts), open_store(feeds), settings, RealWorld())
    keys: list[str] = []
    found = audited(publisher, keys.append, dry=dry_run)
    if dry_run and not json_:
        for key in keys:
            _out.print(key, markup=False)
    errors = list(found.errors)
    if not dry_run:
        errors += _looked_at(publisher, keys, posts)[1]
    for error in errors:
        _err.print(error, markup=False)
    if json_:
        counted = {name: getattr(found, name) for name in found.__struct_fields__}
        typer.echo(json.dumps(counted | {"keys": keys, "errors": errors}, indent=1))
    else:
        _out.print(_audited(found))
    if errors:
        raise typer.Exit(2)


def _audited(found: Found) -> str:
    """What an audit found, in a line."""
    parts = [
        _number(found.posts, "post"),
        f"{found.new:,} new",
        f"{found.newer:,} newer",
        f"{found.gone:,} gone",
        f"{found.late:,} late",
        _number(found.feeds, "feed"),
        f"{_number(found.documents, 'document')} put right",
        f"{found.swept:,} swept",
    ]
    return ", ".join(parts)


@app.command()
def problems(
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    json_: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False,
) -> None:
    """List what is wrong with the posts of a bucket.

    That is what was found when they were published. Exits with 1 when there is a problem.

    Example: feeds problems s3://my-feeds
    """
    import msgspec

    from feeds import state
    from feeds.world import RealWorld

    store = _source(feeds)
    keys = [stat.key for stat in store.list(state.RECORDS)]

    def recorded(key: str) -> state.Record:
        found = store.get(key)
        return msgspec.json.decode(found.data, type=state.Record) if found else state.Record()

    found = state.problems(RealWorld().each(recorded, keys))
    if json_:
        typer.echo(_json(found))
    else:
        for problem in found:
            _out.print(_shown(problem))
    if found:
        raise typer.Exit(1)


@app.command()
def doctor(
    url: Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix for the feeds.")],
    json_: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False,
) -> None:
    """Examine a store: does it do all that publishing needs of it?

    It writes a few objects under state/ and removes them again. Exits with 1 when something is
    lacking.

    Example: feeds doctor s3://my-feeds
    """
    from feeds.doctor import examined
    from feeds.world import RealWorld

    findings: list[dict[str, object]] = []
    for finding in examined(_source(url), RealWorld()):
        findings.append(finding._asdict() | {"ok": not finding.seen})
        if not json_:
            line = Text(str(finding))
            line.stylize("bold red" if finding.seen else "green", 0, line.plain.find(" "))
            _out.print(line)
    if json_:
        typer.echo(json.dumps(findings, indent=1))
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(1)

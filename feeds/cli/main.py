"""Owns the command line: words typed by a person -> the parts, and what they answer in sentences.

Exit statuses: 0 done; 1 there were problems in posts (`check`, `problems`; `build` with --strict),
or a store lacks something (`doctor`); 2 the command could not be carried out (the configuration,
the store, the arguments); 130 it was stopped with Ctrl+C. A terminal gets colours, tables and a
progress bar; a pipe gets plain lines.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from feeds import __version__
from feeds.cli import audit, build, check, doctor, init, problems, rebuild, serve
from feeds.cli.console import err, out
from feeds.cli.publish import publish
from feeds.errors import FeedsError

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
for _command in (
    init.init,
    check.check,
    build.build,
    serve.serve,
    publish,
    rebuild.rebuild,
    audit.audit,
    problems.problems,
    doctor.doctor,
):
    app.command()(_command)


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
            err.print(line)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say the version.")] = False,
) -> None:
    if version:
        out.print(f"feeds {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)

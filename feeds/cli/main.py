"""The command line: arguments -> a command, its output and its exit status.

Exit statuses: 0 success; 1 posts have problems (`check`, `problems`; `build` with --strict),
or a store fails a test (`doctor`); 2 the command failed because of the configuration, the store or
the arguments; 130 stopped with Ctrl+C. A terminal gets colours, tables and a progress bar;
a pipe gets plain lines.
"""

from __future__ import annotations

import inspect
import io
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from feeds import __version__
from feeds.cli import audit, build, check, doctor, init, problems, rebuild, serve
from feeds.cli.console import out, print_errors
from feeds.cli.publish import publish
from feeds.errors import ConfigError, FeedsError

if TYPE_CHECKING:
    from typer._click import Context, Parameter

_EPILOG = """\
\b
Examples:
  feeds init my-blog/           write a feeds.toml
  feeds check posts/            show what is wrong with the posts
  feeds serve posts/            see the feeds on this machine
  feeds build posts/ public/    write the feeds (also to s3://bucket/prefix)

\b
Exit status:
  0    done
  1    there are problems
  2    the command failed
  130  stopped with Ctrl+C
"""


def _hide_types(params: list[Parameter]) -> list[Parameter]:
    """Remove ``<str>`` and the like from the help of arguments and flags."""
    for param in params:
        if isinstance(param, TyperArgument) or getattr(param, "is_flag", False):
            setattr(param, "display_type_rich", lambda **_: "")  # noqa: B010  (a method)
    return params


class _Command(TyperCommand):
    """A command whose help has POSTS where typer's own has ``{POSTS} <str>``."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        return _hide_types(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        return [re.sub("[{}]", "", piece) for piece in super().collect_usage_pieces(ctx)]


class _Group(TyperGroup):
    """The command `feeds`; its help has the same form."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        return _hide_types(super().get_params(ctx))


app = typer.Typer(
    name="feeds",
    cls=_Group,
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
    # A terminal of any width wraps a paragraph of one line well.
    _paragraphs = (inspect.getdoc(_command) or "").split("\n\n")
    app.command(cls=_Command, help="\n\n".join(" ".join(p.split()) for p in _paragraphs))(_command)


def main() -> None:
    """Run the command line; an error is a message, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the locale's encoding may lack a letter
            stream.reconfigure(errors="backslashreplace")
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        app.rich_markup_mode = None  # help and usage errors without frames
    try:
        app()
    except FeedsError as error:
        print_errors(error.problems if isinstance(error, ConfigError) else [str(error)])
        sys.exit(2)


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        out.print(f"feeds {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)

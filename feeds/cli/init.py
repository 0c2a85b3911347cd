"""`feeds init`: write a first feeds.toml."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from feeds.cli import console
from feeds.errors import ConfigError


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="The site's folder.", exists=True, file_okay=False),
    ] = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept all defaults.")] = False,
) -> None:
    """Write a feeds.toml, using the site generator's own settings.

    Reads the configurations of Jekyll, Hugo and Pelican, and asks four questions; a fifth one if
    posts have the field hidden.

    Example: feeds init my-blog/
    """
    from feeds.generators.detect import detect_generator
    from feeds.generators.feeds_toml import ask_for_answers, feeds_toml_text, machine_zone

    target = folder / "feeds.toml"
    if target.exists():
        raise ConfigError([f"{target}: the file exists; edit it, or move it away"])
    settings = detect_generator(folder)
    if settings.unreadable:
        console.err.print(
            f"{folder / settings.unreadable}: cannot be read; its settings are not used"
        )
    if settings.file:
        console.err.print(f"{settings.generator}: using settings of {folder / settings.file}")
    answers = ask_for_answers(settings, folder, _accept_default if yes else _prompt)
    text = feeds_toml_text(settings, answers, machine_zone(), datetime.now(UTC).year)
    try:
        target.write_text(text, encoding="utf-8")
    except PermissionError:
        raise ConfigError([f"cannot write to {folder} (permission denied)"]) from None
    except OSError as error:
        raise ConfigError([f"{target}: cannot be written: {error.strerror}"]) from None
    console.out.print(f"Wrote {target}. To see the feeds, run:")
    console.out.print(f"feeds serve {folder / settings.posts} --config {target}")


def _accept_default(_question: str, default: str, _validate: Callable[[str], str]) -> str:
    return default


def _prompt(question: str, default: str, validate: Callable[[str], str]) -> str:
    """Ask until the answer is valid. Exits if the user stops the program.

    `validate` returns what is wrong with an answer, ``""`` if nothing is.
    """
    while True:
        try:
            answer: str = typer.prompt(question, default=default, err=True)
        except typer.Abort as error:
            console.err.print(
                "\nStopped; nothing was written. Use --yes to skip the questions.",
            )
            interrupted = isinstance(error.__context__, KeyboardInterrupt)
            raise typer.Exit(130 if interrupted else 2) from None
        if not (message := validate(answer)):
            return answer
        console.err.print(message)

"""`feeds init`: a first feeds.toml."""

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
        Path, typer.Argument(help="The site's folder.", exists=True, file_okay=False)
    ] = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take what fits.")] = False,
) -> None:
    """Write a feeds.toml, with what the site's own settings say.

    Knows the configurations of Jekyll, Hugo and Pelican; asks four questions.

    Example: feeds init my-blog/
    """
    from feeds.generators.detect import detect_generator
    from feeds.generators.feeds_toml import ask_for_answers, feeds_toml_text, machine_zone

    target = folder / "feeds.toml"
    if target.exists():
        raise ConfigError([f"{target}: there is one already; change it, or move it away"])
    known = detect_generator(folder)
    if known.unread:
        console.err.print(f"{folder / known.unread}: cannot be read; nothing is taken from it")
    if known.file:
        console.err.print(f"{known.kind}: some of the answers are from {folder / known.file}")

    def ask(words: str, likely: str, wrong: Callable[[str], str]) -> str:
        while not yes:
            try:
                answer: str = typer.prompt(words, default=likely, err=True)
            except typer.Abort as error:
                console.err.print("\nnothing is written; with --yes it asks nothing")
                raise typer.Exit(
                    130 if isinstance(error.__context__, KeyboardInterrupt) else 2
                ) from None
            if not (why := wrong(answer)):
                return answer
            console.err.print(why)
        return likely

    said = ask_for_answers(known, folder, ask)
    now = datetime.now(UTC)
    text = feeds_toml_text(known, said, machine_zone(), now.year)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{target}: cannot be written: {error.strerror}"]) from None
    if known.kind == "Pelican":
        console.err.print(
            "Posts need their fields between lines of ---; others are named, and left out"
        )
    console.out.print(f"{target} is written. See what comes of it:")
    console.out.print(f"feeds serve {folder / known.posts} --config {target}")

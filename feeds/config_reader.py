"""Reads a site's configuration from disk: feeds.toml, and the templates that it names."""

from __future__ import annotations

from pathlib import Path

from feeds.config import Config
from feeds.config_file import parse_config
from feeds.documents.theme import read_theme
from feeds.errors import ConfigError


def read_config(path: Path, todo: str = "") -> Config:
    """Return the configuration in the file at `path`, with the site's own templates.

    `todo` is what the reader of the message can do if there is no such file. Raises ConfigError if
    the file cannot be read, is not UTF-8, or holds a mistake.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        then = f"; {todo}" if todo else ""
        raise ConfigError([f"{path}: cannot be read ({error.strerror}){then}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not UTF-8; save it as UTF-8"]) from None
    return read_theme(parse_config(text, str(path)), path.parent)

"""Reads the configuration of a site from disk: feeds.toml and the templates that it names."""

from __future__ import annotations

from pathlib import Path

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.documents.own_templates import read_theme
from feeds.errors import ConfigError
from feeds.reading.liquid.site_files import read_site_files


def read_config(path: Path, todo: str = "") -> Config:
    """Read the configuration in the file at `path`, with the site's own files.

    `todo` ends the message if the file cannot be read: what the user can do. Raises ConfigError if
    the file cannot be read, is not UTF-8, or has a mistake.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        advice = f"; {todo}" if todo else ""
        raise ConfigError([f"{path}: cannot be read ({error.strerror}){advice}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not UTF-8; save it as UTF-8"]) from None
    config = read_theme(parse_config(text, str(path)), path.parent)
    return read_site_files(config, path.parent)

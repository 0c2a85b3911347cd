"""Serves a copy of the example site: `make demo`, or `python examples/demo.py [PORT]`.

The copy is in build/demo, which git ignores: the posts there are to be changed.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from feeds.cli.main import main as run_command_line
from feeds.errors import FeedsError
from feeds.serving.listen import LOCALHOST, open_listener

ROOT = Path(__file__).resolve().parent.parent
PORT = 8000
_PORTS_TRIED = 100


def site_copy(folder: Path) -> bool:
    """Copy the example site into a folder, unless that is there; return whether it was copied."""
    if folder.exists():
        return False
    partial = folder.with_name(folder.name + ".part")  # a stopped copy is no site
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(ROOT / "examples" / "news", partial)
    partial.rename(folder)
    return True


def free_port(wanted: int) -> int:
    """The first port from `wanted` on that no program uses; a line says so if it is another.

    Raises FeedsError if there is none.
    """
    for port in range(wanted, min(wanted + _PORTS_TRIED, 65_536)):
        try:
            open_listener(LOCALHOST, port).close()
        except FeedsError:
            continue
        if port != wanted:
            print(f"Port {wanted} is in use; taking {port}.")
        return port
    raise FeedsError(
        f"port {wanted} and the ones after it cannot be used; choose another with PORT="
    )


def port_argument(arguments: list[str]) -> int:
    """The port of the command line, or `PORT`. Raises FeedsError."""
    text = arguments[0] if arguments else ""
    if not text:
        return PORT
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_536):
        raise FeedsError(f"PORT={text}: expected a number from 1 to 65535")
    return int(text)


def main() -> None:
    """Serve the copy until Ctrl+C."""
    folder = Path(os.path.relpath(ROOT / "build" / "demo"))
    try:
        port = free_port(port_argument(sys.argv[1:]))
    except FeedsError as error:
        sys.exit(str(error))
    if site_copy(folder):
        print(f"The site is copied to {folder}: change a post in {folder / 'posts'} and see.")
    else:
        print(f"The site is your copy in {folder}; delete that folder for a new one.")
    sys.stdout.flush()
    posts, config = str(folder / "posts"), str(folder / "feeds.toml")
    sys.argv = ["feeds", "serve", posts, "--config", config, "--port", str(port)]
    run_command_line()


if __name__ == "__main__":
    main()

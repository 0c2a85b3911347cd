"""`feeds`, also as `python -m feeds`: runs the command line."""

import gc


def main() -> None:
    """Run the command line."""
    gc.disable()  # Imports leave next to no garbage: looking for it takes a sixth of the start.
    from feeds.cli.main import main as run_command_line

    gc.freeze()
    gc.enable()
    run_command_line()


if __name__ == "__main__":
    main()

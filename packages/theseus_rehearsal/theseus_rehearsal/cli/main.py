"""`theseus-rehearse`: the command line, without the bot."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from theseus_rehearsal.cli.command import build_command
from theseus_rehearsal.cli.runs import CommandOutput, OnProgress
from theseus_rehearsal.errors import RehearsalError


def main() -> None:
    """Run the command line with the arguments of the program; ends in `SystemExit`.

    An error is printed as one sentence, with exit code 2.
    """
    try:
        build_app()(prog_name="theseus-rehearse")
    except RehearsalError as error:
        sys.stderr.write(f"theseus-rehearse: {_replace_controls(str(error))}\n")
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output, such as `head`, has exited
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def build_app() -> typer.Typer:
    """Return the command line."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(build_command(CommandOutput(_say, _note, _print_json, _show_progress)))
    return app


def _say(text: str) -> None:
    sys.stdout.write(f"{_replace_controls(text)}\n")


def _note(text: str) -> None:
    sys.stderr.write(f"{_replace_controls(text)}\n")


def _replace_controls(text: str) -> str:
    """Return the text without control characters: the code under test wrote parts of it."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def _show_progress(what: str) -> Iterator[OnProgress]:
    """Yield a callback that shows a count on a terminal; the line is removed at the end."""
    shown = sys.stderr.isatty()

    def update(done: int, total: int | None) -> None:
        if shown:
            count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
            sys.stderr.write(f"\r{what}: {count}")
            sys.stderr.flush()

    yield update
    if shown:
        sys.stderr.write("\r\x1b[K")

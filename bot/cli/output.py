"""What the command line prints, it prints without secrets."""

import json
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from bot.cli.terminal_text import replace_controls
from bot.redaction import redact, redact_value

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JsonAnyway = Annotated[bool, typer.Option("--json", help="Print JSON, as it does without this.")]
JsonOnTerminal = Annotated[
    bool, typer.Option("--json", help="Print JSON on a terminal too, as it does into a pipe.")
]


def get_console() -> Console:
    """Return standard output: coloured where it is a terminal and `NO_COLOR` is not set."""
    return Console(soft_wrap=True, highlight=False, markup=False)


def should_print_json(as_json: bool) -> bool:
    """Whether a command that tells a terminal less prints all it has, as JSON."""
    return as_json or not get_console().is_terminal


def say(text: str, first: str = "") -> None:
    """Print a line for a person; a terminal shows its first word in the style `first`."""
    line = Text(replace_controls(redact(text)))
    if first:
        line.stylize(first, 0, line.plain.find(" "))
    get_console().print(line)


def print_json(value: Any) -> None:
    """Print a value for a program."""
    sys.stdout.write(json.dumps(redact_value(value), indent=2, ensure_ascii=False) + "\n")


def report_empty(message: str, *, searched: bool) -> None:
    """Say on standard error that there is nothing; where something was `searched`, that ends in 1.

    Nothing is told in no words: why was said before.
    """
    if message:
        print_error(message)
    if searched:
        raise typer.Exit(1)


def open_closed_streams() -> None:
    """Let nothing be read from, and written to, standard streams that were closed.

    Else the next file that is opened, a database perhaps, takes their place.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def drop_output() -> None:
    """Forget what was not printed yet: it cannot be."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(error: BaseException | str) -> None:
    """Say on standard error what is wrong."""
    sys.stderr.write(f"theseus: {replace_controls(redact(str(error)))}\n")


def print_traceback(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    """Write what nobody caught, as Python would."""
    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, at))))

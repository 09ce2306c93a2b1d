"""Prints for the command line; every text is redacted first."""

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Annotated, ParamSpec

import typer
from rich.console import Console
from theseus_guard.terminal import Terminal
from theseus_observe.redaction import redact, redact_value

from bot.domain.errors import ConfigError

TERMINAL = Terminal("theseus", redact, redact_value)
say, print_error, print_json = TERMINAL.say, TERMINAL.print_error, TERMINAL.print_json
P = ParamSpec("P")
JsonAnyway = Annotated[bool, typer.Option("--json", help="Print JSON; this is the default.")]
JsonOnTerminal = Annotated[
    bool, typer.Option("--json", help="Print JSON on a terminal too, not only in a pipe.")
]


def get_console() -> Console:
    """Return a console for standard output, with colours on a terminal without `NO_COLOR`."""
    return Console(soft_wrap=True, highlight=False, markup=False)


def should_print_json(as_json: bool) -> bool:
    """Return whether to print the full data as JSON: on request, and when not on a terminal."""
    return as_json or not get_console().is_terminal


def report_empty(message: str, *, searched: bool) -> None:
    """Print on standard error why the result is empty; exit with code 1 after a search.

    An empty `message` prints nothing: the reason was reported before.
    """
    if message:
        print_error(message)
    if searched:
        raise typer.Exit(1)


def open_closed_streams() -> None:
    """Open `/dev/null` for each standard stream that was closed at the start.

    Otherwise the next opened file, such as a database, gets the stream's number, and output is
    written into it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def drop_output() -> None:
    """Send the buffered output to `/dev/null`, so that Python's flush at exit does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def translate_error(kind: type[Exception], command: Callable[P, None]) -> Callable[P, None]:
    """Return the command of a package, whose errors of this kind are raised as `ConfigError`."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except kind as error:
            raise ConfigError(str(error), detail=getattr(error, "detail", "")) from error

    return run


def print_traceback(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    """Print an uncaught exception as Python does, but redacted."""

    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, at))))

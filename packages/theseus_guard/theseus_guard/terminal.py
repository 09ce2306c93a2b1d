"""Prints for command lines, and runs them: errors in one sentence, with exit code 2."""

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from theseus_guard.terminal_text import keep, replace_controls

Redact = Callable[[str], str]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_REDACTION = "theseus_observe"


@dataclass(frozen=True, slots=True)
class Terminal:
    """The output of a command called `name`; every text for people passes `redact` first."""

    name: str
    redact: Redact = keep
    redact_value: Callable[[Any], Any] = keep

    def say(self, text: str, first: str = "") -> None:
        """Print a line for a person; on a terminal, its first word has the style `first`."""
        line = Text(replace_controls(self.redact(text)))
        if first:
            line.stylize(first, 0, line.plain.find(" "))
        Console(soft_wrap=True, highlight=False, markup=False).print(line)

    def print_json(self, value: Any) -> None:
        """Print a value as JSON."""
        text = json.dumps(self.redact_value(value), indent=2, ensure_ascii=False)
        sys.stdout.write(f"{text}\n")

    def print_error(self, error: BaseException | str) -> None:
        """Print an error or a remark on standard error."""
        sys.stderr.write(f"{self.name}: {replace_controls(self.redact(str(error)))}\n")


def create_terminal(name: str) -> Terminal:
    """Return a terminal that removes secrets if the package `theseus-observe` is installed."""
    if importlib.util.find_spec(_REDACTION) is None:
        return Terminal(name)
    redaction = importlib.import_module(f"{_REDACTION}.redaction")
    return Terminal(name, redaction.redact, redaction.redact_value)


def run_command(terminal: Terminal, command: Callable[..., None], known: type[Exception]) -> None:
    """Run a command with the program's arguments. Ends in `SystemExit`: 2 after a `known` error."""
    cli = typer.Typer(name=terminal.name, add_completion=False, pretty_exceptions_enable=False)
    cli.command(name=terminal.name)(command)
    try:
        cli(prog_name=terminal.name)
    except known as error:
        terminal.print_error(error)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output, such as `head`, has exited
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)

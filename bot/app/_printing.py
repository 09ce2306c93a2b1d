"""What the command line prints, it prints without secrets."""

import json
import sys
import traceback
from types import TracebackType
from typing import Any

from rich.console import Console

from bot.telemetry import redact, redact_value

OUT = Console(soft_wrap=True, highlight=False, markup=False)


def say(text: str) -> None:
    """Print a line for a person."""
    OUT.print(redact(text))


def print_json(value: Any) -> None:
    """Print a value for a program."""
    sys.stdout.write(json.dumps(redact_value(value), indent=2, ensure_ascii=False) + "\n")


def complain(error: BaseException | str) -> None:
    """Say on standard error what is wrong."""
    sys.stderr.write(f"theseus: {redact(str(error))}\n")


def trace(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Write what nobody caught, as Python would."""
    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, at))))

"""`theseus rehearse`: the command of `theseus_rehearsal`, with the bot's output and errors."""

from functools import wraps
from typing import Any

from theseus_rehearsal.cli.command import build_command
from theseus_rehearsal.cli.runs import CommandOutput

from bot.adapters.rehearsal import convert_errors
from bot.cli.output import print_error, print_json, say
from bot.cli.progress import show_progress

_run = build_command(CommandOutput(say, print_error, print_json, show_progress))


@wraps(_run)
def rehearse(**options: Any) -> None:
    """Run the command."""
    with convert_errors():
        _run(**options)

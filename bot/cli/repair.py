"""`theseus repair`: runs the offline engine on any repository."""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption
from theseus_repair import command
from theseus_repair.report import RepairReport

from bot.adapters.system_clock import SystemClock
from bot.cli.interruption import EndedBySignal, run_interruptible
from bot.cli.output import print_error, print_json, say
from bot.cli.repair_progress import RepairProgress, format_interruption
from bot.cli.repair_questions import TerminalQuestions


class Accepted(StrEnum):
    """The weakest label that counts as a fix; see `theseus_repair.model.Label`."""

    PROVEN = "proven"
    PLAUSIBLE = "plausible"


def repair(
    repo: Annotated[Path, typer.Option(help="The repository to repair.")],
    test: Annotated[str, typer.Option(help="The test command that fails now and should pass.")],
    file: Annotated[str | None, typer.Option(help="Change only this file.")] = None,
    time: Annotated[float, typer.Option(help="The time limit in seconds.")] = 60.0,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the fix to the repository.")
    ] = False,
    accept: Annotated[
        Accepted, typer.Option(help="The weakest fix to accept: proven or plausible.")
    ] = Accepted.PROVEN,
    as_json: JsonOption = False,
) -> None:
    """Search for a small fix for a failing test, offline.

    If several edits pass the test and behave differently, it asks on a terminal which answer is
    right. Exit code 1: no proven fix was found (or plausible, with --accept plausible). Ctrl-C,
    SIGTERM and SIGHUP end the search with exit code 130, 143 and 129, and change no file.

    Example: theseus repair --repo ~/shop --test "pytest tests/test_cart.py" --time 120
    """
    line = RepairProgress(time, visible=not as_json)
    asks = not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    line.show()
    try:
        report = asyncio.run(
            run_interruptible(command.repair(
                repo, test, file=file, seconds=time, apply=apply, accept=accept.value,
                clock=SystemClock(), on_progress=line,
                ask=TerminalQuestions(line.hide) if asks else None,
            ))
        )  # fmt: skip
    except EndedBySignal as error:
        line.hide()
        print_error(format_interruption(line.found))
        raise typer.Exit(error.code) from None
    finally:
        line.hide()
    if as_json:
        print_json(report.to_json())
    else:
        say(report.explanation)
        if report.diff:
            say(report.diff)
            say(_describe_next_step(report))
    if not report.repaired:
        raise typer.Exit(1)


def _describe_next_step(report: RepairReport) -> str:
    """Return whether the diff was written, and what the user can do next."""
    if report.applied:
        return f"Written to {', '.join(report.files)}."
    if report.repaired:
        return "The fix is not written yet. Use --apply to write it."
    return (
        "The fix is only plausible, so it is not accepted (exit code 1). Use --accept plausible "
        "to accept it."
    )

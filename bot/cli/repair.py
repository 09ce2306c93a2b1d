"""`theseus repair`: the offline engine on any repository."""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.system_clock import SystemClock
from bot.cli.interruption import EndedBySignal, run_interruptible
from bot.cli.output import JsonOption, print_error, print_json, say
from bot.cli.repair_progress import RepairProgress, format_interruption
from bot.cli.repair_questions import TerminalQuestions
from bot.repair import command
from bot.repair.report import RepairReport


class Accepted(StrEnum):
    """How good a fix has to be to count; see `bot.repair.model.Label`."""

    PROVEN = "proven"
    PLAUSIBLE = "plausible"


def repair(
    repo: Annotated[Path, typer.Option(help="The repository to repair.")],
    test: Annotated[str, typer.Option(help="The command that fails now and must pass.")],
    file: Annotated[str | None, typer.Option(help="Change only this file.")] = None,
    time: Annotated[float, typer.Option(help="Seconds to search.")] = 60.0,
    apply: Annotated[bool, typer.Option("--apply", help="Write the fix into the repo.")] = False,
    accept: Annotated[
        Accepted, typer.Option(help="How good a fix has to be: proven, or plausible.")
    ] = Accepted.PROVEN,
    as_json: JsonOption = False,
) -> None:
    """Search for a small fix of a failing test, offline.

    On a terminal it asks which answer is right where several edits pass that answer differently.
    Exit code 1: none was found that is proven (or plausible, with --accept plausible). Ctrl-C,
    SIGTERM and SIGHUP end it with 130, 143 and 129, and nothing is changed.

    For example: theseus repair --repo ~/shop --test "pytest tests/test_cart.py" --time 120
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
    """Say what became of the diff, and what is left to do."""
    if report.applied:
        return f"Written to {', '.join(report.files)}."
    if report.repaired:
        return "Nothing is written yet: --apply does that."
    return (
        "Nothing is written, and this counts as no fix (exit code 1): --accept plausible takes it."
    )

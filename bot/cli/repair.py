"""`theseus repair`: the offline engine on any repository."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.system_clock import SystemClock
from bot.cli.output import JsonOption, print_json, say
from bot.cli.progress import progress
from bot.repair import command
from bot.repair.search import SearchProgress


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

    Exit code 1: none was found that is proven (or plausible, with --accept plausible).

    For example: theseus repair --repo ~/shop --test "pytest tests/test_cart.py" --time 120
    """
    with progress("edits tried") as on_progress:

        def told(search: SearchProgress) -> None:
            on_progress(search.tried, search.proposed, search.latest.candidate.kind)

        report = asyncio.run(
            command.repair(
                repo, test, file=file, seconds=time, apply=apply, accept=accept.value,
                clock=SystemClock(), on_progress=told,
            )
        )  # fmt: skip
    if as_json:
        print_json(report.to_json())
    else:
        say(report.explanation)
        if report.diff:
            say(report.diff)
    if not report.repaired:
        raise typer.Exit(1)

"""`theseus doctor`: prints the findings on a terminal or as JSON."""

import asyncio
from functools import partial
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption
from theseus_repair.interruption import EndedBySignal, run_interruptible

from bot.cli.doctor.alerts import send_test_alert
from bot.cli.doctor.examination import examine
from bot.cli.output import print_error, print_json, say
from bot.settings import load_settings

_COLOURS = {"good": "green", "note": "yellow", "bad": "bold red"}


def doctor(
    as_json: JsonOption = False,
    checks: Annotated[
        bool, typer.Option("--checks", help="Run the full checks too; they take minutes.")
    ] = False,
    alert: Annotated[bool, typer.Option("--alert", help="Send a test alert only.")] = False,
) -> None:
    """Check everything the bot needs, and explain how to fix problems.

    Exit code 1: there is a problem. Ctrl-C, SIGTERM and SIGHUP end it with exit code 130, 143 and
    129.

    Example: theseus doctor --checks
    """
    report = partial(typer.echo, err=True) if checks else None
    settings = load_settings()
    work = send_test_alert(settings) if alert else examine(settings, report=report)
    try:
        findings = asyncio.run(run_interruptible(work))
    except EndedBySignal as error:
        print_error("The doctor was interrupted. No process and no file is left behind.")
        raise typer.Exit(error.code) from None
    if as_json:
        print_json([finding.model_dump() for finding in findings])
    else:
        for finding in findings:
            say(finding.line, _COLOURS[finding.status])
    if any(finding.status == "bad" for finding in findings):
        raise typer.Exit(1)

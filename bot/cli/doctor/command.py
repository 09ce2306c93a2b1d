"""`theseus doctor`: what it found, on a terminal or as JSON."""

import asyncio
from functools import partial
from typing import Annotated

import typer

from bot.cli.doctor import examine, send_test_alert
from bot.cli.output import JsonOption, print_json, say
from bot.settings import settings_here

_COLOURS = {"good": "green", "note": "yellow", "bad": "bold red"}


def doctor(
    as_json: JsonOption = False,
    checks: Annotated[
        bool, typer.Option(help="Run the full checks, once a commit and environment: minutes.")
    ] = True,
    alert: Annotated[
        bool, typer.Option("--alert", help="Send a test alert, and look at nothing else.")
    ] = False,
) -> None:
    """Check everything the bot needs, and say how to mend what is wrong.

    Exit code 1: something is wrong.
    """
    tell = partial(typer.echo, err=True) if checks else None
    settings = settings_here()
    looking = send_test_alert(settings) if alert else examine(settings, checks=tell)
    findings = asyncio.run(looking)
    if as_json:
        print_json([finding.model_dump() for finding in findings])
    else:
        for finding in findings:
            say(finding.line, _COLOURS[finding.status])
    if any(finding.status == "bad" for finding in findings):
        raise typer.Exit(1)

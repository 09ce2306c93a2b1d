"""`theseus demo`: starts the demo in a browser; it needs no account and no API key."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from bot.app.demo import DemoOptions, run_demo
from bot.cli.output import say
from bot.demo.faults import FAULT_NAMES


class EngineName(StrEnum):
    """The engines of the demo."""

    AUTO = "auto"
    OFFLINE = "offline"
    CLAUDE = "claude"


def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port of the page; 0 picks a free port.")
    ] = 8080,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open a browser.")
    ] = False,
    engine: Annotated[
        EngineName, typer.Option(help="The engine that writes the fix.")
    ] = EngineName.AUTO,
    fault: Annotated[
        str | None,
        typer.Option(
            help=f"The planted fault, one of: {', '.join(FAULT_NAMES)}. Default: one that a user "
            "runs into.",
            autocompletion=lambda: [*FAULT_NAMES],
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed for choosing the fault, to repeat a demo.")
    ] = None,
    request: Annotated[
        str, typer.Option(help="The request that the page suggests, with --fault none.")
    ] = "",
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            max=64,
            help="Workers that replay and check changes, through Temporal: 2 or more.",
        ),
    ] = 0,
) -> None:
    """Try the bot in a browser with a local Discord; no account and no API key needed.

    Example: theseus demo --fault polls-no-votes --port 8090
    """
    options = DemoOptions(
        port=port,
        browser=not no_browser,
        engine=engine.value,
        fault=fault,
        seed=seed,
        request=request,
        workers=workers,
    )
    asyncio.run(run_demo(options, say))

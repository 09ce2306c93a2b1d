"""`theseus demo`: everything in a browser, with no account and no key."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from bot.app.demo import FAULT_NAMES, DemoOptions, run_demo
from bot.cli.output import say


class EngineName(StrEnum):
    """Engines of the demo."""

    AUTO = "auto"
    OFFLINE = "offline"
    CLAUDE = "claude"


def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the page; 0 picks a free one.")
    ] = 8080,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    engine: Annotated[EngineName, typer.Option(help="Who writes the fix.")] = EngineName.AUTO,
    fault: Annotated[
        str | None,
        typer.Option(
            help=f"One of: {', '.join(FAULT_NAMES)}; by default one a person meets.",
            autocompletion=lambda: [*FAULT_NAMES],
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the choice repeatable.")] = None,
    request: Annotated[
        str, typer.Option(help="What the page suggests to ask for, with --fault none.")
    ] = "",
) -> None:
    """Try it all in a browser: a local Discord, a planted fault, no account and no key.

    For example: theseus demo --fault polls-no-votes --port 8090
    """
    options = DemoOptions(
        port=port,
        browser=not no_browser,
        engine=engine.value,
        fault=fault,
        seed=seed,
        request=request,
    )
    asyncio.run(run_demo(options, say))

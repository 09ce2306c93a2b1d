"""The demo, put together."""

import asyncio
import importlib.util
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from theseus_guard.completion import run_in_thread

from bot.adapters.forges.local import LocalForge
from bot.adapters.system_clock import SystemClock
from bot.app.engines import should_use_claude
from bot.app.installed_source import clone_source, find_installed_source, find_own_checkout
from bot.demo.demo import Demo, DemoPlan, start_demo
from bot.demo.faults import Living, MetFault, choose, find_living
from bot.demo.prerequisites import check_prerequisites
from bot.demo.workers import find_temporal
from bot.demo.workspace import DemoWorkspace
from bot.domain.errors import ConfigError
from bot.infra.signals import list_ending_signals, listen_for_stop
from bot.settings import read_environment

Say = Callable[[str], None]
_OF_TESTS = "jsonschema_rs"  # of the extra `demo`


@dataclass(frozen=True)
class DemoOptions:
    """What was asked for on the command line."""

    port: int = 8080
    browser: bool = True
    engine: str = "auto"
    fault: str | None = None
    seed: int | None = None
    request: str = ""
    workers: int = 0


def build_local_forge(workspace: DemoWorkspace, url: str) -> LocalForge:
    """Return the demo's forge, not opened yet, for its pages; the bot opens the same files."""
    return LocalForge(workspace.forge, workspace.state / "forge.sqlite3", SystemClock(), url)


async def run_demo(options: DemoOptions, say: Say) -> None:
    """Run the demo until SIGTERM, SIGINT or SIGHUP, at whatever it is. Raises `ConfigError`."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Future[str]()
    for number in list_ending_signals():
        loop.add_signal_handler(number, _note_signal, stopped, number)
    running = asyncio.create_task(_run(options, say), name="demo")
    waiting: set[asyncio.Future[Any]] = {running, stopped}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if stopped.done():
        say(f"Stopping, because of {stopped.result()}; the demo's private copy is removed.")
        running.cancel()
        await asyncio.wait({running})
    if not running.cancelled():
        running.result()


def _note_signal(stopped: asyncio.Future[str], number: signal.Signals) -> None:
    if not stopped.done():
        asked = "Ctrl-C" if number is signal.SIGINT else "somebody or the system asked for its end"
        stopped.set_result(f"{number.name} ({asked})")


async def _run(options: DemoOptions, say: Say) -> None:
    check_prerequisites(options.port)
    if options.workers:
        find_temporal()
    environment = read_environment(os.environ, Path(os.devnull))
    claude = should_use_claude(options.engine, environment, f"--engine {options.engine}")
    living = find_living(options.fault)
    whole = options.fault == "none" or living is not None
    fault = None if whole else choose(options.fault, options.seed)
    with tempfile.TemporaryDirectory(prefix="theseus-demo-", ignore_cleanup_errors=True) as home:
        state = environment.theseus_state
        own = state.absolute() if "THESEUS_STATE" in os.environ else None
        plan = DemoPlan(
            await _prepare_source(Path(home), say), Path(home), fault, options.port, options.engine,
            own, living, options.seed or 0, request=options.request, workers=options.workers,
        )  # fmt: skip
        say("Making a private copy of this repository and starting the bot in it ...")
        async with start_demo(plan, build_local_forge) as running:
            listen_for_stop(running.bot.stop_all)
            await running.wait_until_online()
            engine = "claude" if claude else "offline"
            say(_welcome(running, fault or living, engine, options.workers))
            if options.browser and _has_screen():
                await asyncio.to_thread(webbrowser.open, running.discord.base_url)
            await asyncio.Event().wait()  # until it is cancelled


def find_project_root() -> Path:
    """Return the folder of this repository (or unpacked archive). Raises `ConfigError`."""
    folder = find_own_checkout()
    if folder is None:
        raise ConfigError(
            "This takes the program's own source, and it was installed without. Clone the "
            "repository, and run it there."
        )
    return folder


async def _prepare_source(home: Path, say: Say) -> Path:
    """Return the checkout this runs from, or else a clone of what it was installed from."""
    folder, source = find_own_checkout(), find_installed_source()
    if folder is not None:
        return folder
    if source is None:
        raise ConfigError(
            "The demo runs on a copy of its own source, and this installation does not say where "
            "that is. Clone the repository and run `make demo` there."
        )
    if importlib.util.find_spec(_OF_TESTS) is None:
        raise ConfigError(
            "The demo proves fixes with the project's own tests, and what they need is not "
            f'installed here. Take it along: uvx --from "theseus[demo] @ git+{source.display_url}" '
            "theseus demo; or clone the repository and run `make demo` there."
        )
    say(f"Cloning {source.display_url} ...")
    await run_in_thread(clone_source, source, home / "source")
    return home / "source"


def _has_screen() -> bool:
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _welcome(running: Demo, fault: MetFault | Living | None, engine: str, workers: int = 0) -> str:
    workspace = running.workspace
    lines = [f"Theseus demo: {running.discord.base_url}", ""]
    if isinstance(fault, Living):
        hints = (f"Watch the page: visitors use the bot. {fault.expect}", *fault.then)
        lines += [f"  {number}. {line}" for number, line in enumerate(hints, 1)]
    elif fault is not None:
        lines += [
            "Something in this copy of the bot is broken. In the page:",
            f"  1. {fault.breaks}",
            f"  2. say: {fault.report}",
            "  3. read the card in the thread, then say: ship it",
            "  4. do 1 again.",
        ]
    lines += [
        "",
        f"The bot's dashboard:            {running.dashboard}/",
        f"Fixes are written by:           the {engine} engine",
        f"The bot's own copy of the code: {workspace.checkout}",
        f"Its state and journal:          {workspace.state}",
        f"Its log:                        {workspace.home / 'bot.log'}",
        *([f"Replays and checks are done by: {workers} workers"] if workers else []),
        "Ctrl-C ends the demo and removes its private copy.",
    ]
    return "\n".join(lines)

"""`theseus bench`: runs the benchmarks, which only a checkout of the repository contains."""

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from theseus_guard.terminal import JsonOption

import bot
from bot.cli.output import print_json, say
from bot.cli.progress import show_progress
from bot.domain.errors import ConfigError


def bench(
    only: Annotated[str | None, typer.Option(help="Run only this benchmark.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the benchmarks, each against a baseline measured in the same run.

    All benchmarks together take 15 minutes. An unknown name prints the list of names.

    Example: theseus bench --only journal
    """
    benchmarks = load_benchmarks(Path(bot.__path__[0]).parent)
    with show_progress("benchmarks") as on_progress:
        rows = asyncio.run(benchmarks.run(only, on_progress))
    if as_json:
        print_json([row.model_dump() for row in rows])
    else:
        for row in rows:
            say(row.line)


def load_benchmarks(root: Path) -> Any:
    """Return the package `bench` of a checkout; its `run(only, on_progress)` returns rows.

    The package is imported by name at run time, because a wheel does not contain it.
    Raises `ConfigError` if it is missing.
    """
    if not (root / "bench" / "__init__.py").is_file():
        raise ConfigError(
            f"bench: there is no folder bench in {root}. Only the repository contains the "
            "benchmarks: clone it and run `theseus bench` there."
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module("bench")

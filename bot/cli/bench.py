"""`theseus bench`: the benchmarks, which are no part of the program and may not be there."""

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import bot
from bot.cli.output import JsonOption, print_json, say
from bot.cli.progress import show_progress
from bot.domain.errors import ConfigError


def bench(
    only: Annotated[str | None, typer.Option(help="Run only the benchmark of this name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure, each against a baseline in the same run.

    All take a quarter of an hour; a wrong name lists those there are.

    For example: theseus bench --only journal
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

    By its name at run time: nothing the program imports may depend on it. Raises `ConfigError`
    where there is none, as in what is installed from a wheel.
    """
    if not (root / "bench" / "__init__.py").is_file():
        raise ConfigError(
            f"bench: there is no folder bench in {root}. The benchmarks come with the repository "
            "only: clone it and run `theseus bench` there."
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module("bench")

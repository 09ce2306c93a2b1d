"""`theseus memory`: what is remembered, looked up and taken out without a running bot."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.sqlite_memory import SqliteMemory
from bot.cli.missing_state import report_if_missing
from bot.cli.output import JsonOption, print_json, report_empty
from bot.cli.tables import Cell, Row, print_table
from bot.domain.memory import Memory, Recall, Recalled
from bot.memory.ranking import format_memory
from bot.redaction import redact
from bot.settings import load_settings

memory_cli = typer.Typer(help="Look at what is remembered.", no_args_is_help=True)
_HEAD = ("fits", "key", "what is remembered", "by")


@memory_cli.command()
def search(
    words: Annotated[str, typer.Argument(help="What it is about; empty: the newest.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what fits, the best match first.

    Exit code 1: nothing fits.

    For example: theseus memory search "dice that time out"
    """
    found = asyncio.run(_recall(words, limit))
    if as_json:
        print_json([each.model_dump(mode="json") for each in found or ()])
    elif found:
        print_table(_HEAD, [_build_row(each) for each in found])
    if not found:
        nothing = f"Nothing that is remembered fits {words!r}." if words else "Nothing yet."
        report_empty("" if found is None else nothing, searched=bool(words))


@memory_cli.command()
def export() -> None:
    """Print everything as NDJSON, oldest first.

    For example: theseus memory export > memory.ndjson
    """
    for memory in asyncio.run(_export_all()):
        sys.stdout.write(memory.model_dump_json() + "\n")


def _build_row(found: Recalled) -> Row:
    memory = found.memory
    score = Cell(f"{found.score:.2f}", "dim")
    return (
        score,
        Cell(memory.key, "bold"),
        format_memory(memory),
        Cell(f"({found.because})", "dim"),
    )


async def _recall(query: str, limit: int) -> Sequence[Recalled] | None:
    """Return what fits; `None` where nothing is kept, which is said."""
    kept = _get_path()
    if report_if_missing(kept, "memory"):
        return None
    async with SqliteMemory(kept, redact=redact) as memory_store:
        return await memory_store.recall(Recall(text=query, limit=limit))


async def _export_all() -> Sequence[Memory]:
    kept = _get_path()
    if report_if_missing(kept, "memory"):
        raise typer.Exit(1)
    async with SqliteMemory(kept, redact=redact) as memory_store:
        return await memory_store.export()


def _get_path() -> Path:
    return load_settings().state / "memory.sqlite3"

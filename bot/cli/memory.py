"""`theseus memory`: searches and exports the memory, without a running bot."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption

from bot.app.state_parts import MEMORY
from bot.cli.missing_state import report_if_missing
from bot.cli.output import print_json, report_empty
from bot.cli.state_stores import find_stores
from bot.cli.tables import Cell, Row, print_table
from bot.domain.memory import Memory, Recall, Recalled
from bot.memory.ranking import format_memory

memory_cli = typer.Typer(help="Search and export the memory.", no_args_is_help=True)
_HEAD = ("score", "key", "memory", "by")


@memory_cli.command()
def search(
    words: Annotated[
        str, typer.Argument(help="The words to search for. Default: the newest memories.")
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=100, help="Show at most this many memories.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Search the memory and show the matches, best first.

    Exit code 1: nothing matches.

    Example: theseus memory search "dice that time out"
    """
    found = asyncio.run(_recall(words, limit))
    if as_json:
        print_json([each.model_dump(mode="json") for each in found or ()])
    elif found:
        print_table(_HEAD, [_build_row(each) for each in found])
    if not found:
        message = f"No memory matches {words!r}." if words else "The memory is empty."
        # `None`: the missing memory was reported already.
        report_empty("" if found is None else message, searched=bool(words))


@memory_cli.command()
def export() -> None:
    """Print all memories as NDJSON, oldest first.

    Example: theseus memory export > memory.ndjson
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
    """Return the matches, or `None` if there is no memory (which is reported)."""
    stores = find_stores()
    if report_if_missing(stores.find_missing_file(MEMORY), "memory"):
        return None
    async with stores.build_memory() as memory_store:
        return await memory_store.recall(Recall(text=query, limit=limit))


async def _export_all() -> Sequence[Memory]:
    stores = find_stores()
    if report_if_missing(stores.find_missing_file(MEMORY), "memory"):
        raise typer.Exit(1)
    async with stores.build_memory() as memory_store:
        return await memory_store.export()

"""`theseus memory`: what is remembered, looked up and taken out without a running bot."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.sqlite_memory import SqliteMemory
from bot.cli.missing_state import nothing_at
from bot.cli.output import JsonOption
from bot.cli.terminal_text import inert
from bot.domain.memory import Memory, Recall, Recalled
from bot.memory.ranking import told
from bot.redaction import redact
from bot.settings import settings_here

memory_cli = typer.Typer(help="Look at what is remembered.", no_args_is_help=True)


@memory_cli.command()
def search(
    words: Annotated[str, typer.Argument(help="What it is about; empty: the newest.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what fits, the best match first."""
    found = asyncio.run(_recalled(words, limit))
    if as_json:
        shown = [each.model_dump(mode="json") for each in found]
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        return
    for each in found:
        sys.stdout.write(
            inert(f"{each.score:.2f}  {each.memory.key}  {told(each.memory)}  ({each.because})\n")
        )


@memory_cli.command()
def export() -> None:
    """Print everything as NDJSON, oldest first."""
    for memory in asyncio.run(_everything()):
        sys.stdout.write(memory.model_dump_json() + "\n")


async def _recalled(words: str, limit: int) -> Sequence[Recalled]:
    kept = _kept()
    if nothing_at(kept, "memory"):
        return ()
    async with SqliteMemory(kept, redact=redact) as memory_store:
        return await memory_store.recall(Recall(words=words, limit=limit))


async def _everything() -> Sequence[Memory]:
    kept = _kept()
    if nothing_at(kept, "memory"):
        return ()
    async with SqliteMemory(kept, redact=redact) as memory_store:
        return await memory_store.export()


def _kept() -> Path:
    return settings_here().state / "memory.sqlite3"

"""`theseus traffic`: what was asked of cogs, looked up without a running bot."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.cli.missing_state import nothing_at
from bot.cli.output import JsonOption
from bot.cli.terminal_text import inert
from bot.domain.errors import ConfigError
from bot.domain.ids import short_id
from bot.domain.traffic import TrafficRecord
from bot.redaction import redact
from bot.settings import load

traffic_cli = typer.Typer(help="Look at what was asked of cogs.", no_args_is_help=True)
_MOST_HOURS = 24 * 365 * 100


@traffic_cli.command("list")
def list_records(
    event: Annotated[str, typer.Argument(help="`command.roll`; empty: of every event.")] = "",
    hours: Annotated[int, typer.Option(min=1, max=_MOST_HOURS, help="How far back.")] = 24,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what was asked, the oldest first."""
    found = asyncio.run(_asked(event, hours, limit))
    if as_json:
        shown = [each.model_dump(mode="json") for each in found]
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        return
    for each in found:
        sys.stdout.write(inert(_line(each)) + "\n")


@traffic_cli.command()
def show(
    record_id: Annotated[str, typer.Argument(help="The id, or its last eight signs.")],
) -> None:
    """Print one record as JSON."""
    record = asyncio.run(_one(record_id))
    if record is None:
        raise ConfigError(f"There is no record {record_id!r}. `theseus traffic list` shows ids.")
    sys.stdout.write(record.model_dump_json(indent=2, exclude_defaults=True) + "\n")


def _line(record: TrafficRecord) -> str:
    given = record.step.model_dump(exclude_defaults=True, exclude={"by", "channel"}, mode="json")
    answered = "; ".join(record.shape) or "no answer"
    return (
        f"{record.at:%Y-%m-%d %H:%M:%S}  {short_id(record.id)}  {record.outcome.value:9}  "
        f"{record.event}  {json.dumps(given, ensure_ascii=False)}  ({answered})"
    )


async def _asked(event: str, hours: int, limit: int) -> Sequence[TrafficRecord]:
    kept = _kept()
    if nothing_at(kept, "traffic"):
        return ()
    since = datetime.now(UTC) - timedelta(hours=hours)
    async with SqliteTraffic(kept, redact=redact) as log:
        if not event:
            return await log.since(since, limit=limit)
        return [each for each in await log.recent(event, limit=limit) if each.at >= since]


async def _one(record_id: str) -> TrafficRecord | None:
    kept = _kept()
    if nothing_at(kept, "traffic"):
        return None
    async with SqliteTraffic(kept, redact=redact) as log:
        return await log.get(record_id)


def _kept() -> Path:
    return load(Path.cwd(), os.environ).state / "traffic" / "traffic.sqlite3"

"""`theseus traffic`: what was asked of cogs, looked up without a running bot."""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.cli.missing_state import nothing_at
from bot.cli.output import JsonOption
from bot.cli.script_files import script_text
from bot.cli.terminal_text import inert
from bot.domain.errors import ConfigError
from bot.domain.ids import short_id
from bot.domain.traffic import TrafficRecord
from bot.proof.traffic_scripts import after, earlier
from bot.redaction import redact
from bot.settings import settings_here

traffic_cli = typer.Typer(help="Look at what was asked of cogs.", no_args_is_help=True)
_MOST_HOURS = 24 * 365 * 100
_ALL = 1_000_000  # more than is kept
_BEFORE = timedelta(days=7)
_LED = 20  # steps before the one that is shown: more than people read


@traffic_cli.command("list")
def list_records(
    event: Annotated[str, typer.Argument(help="`command.roll`; empty: of every event.")] = "",
    hours: Annotated[int, typer.Option(min=1, max=_MOST_HOURS, help="How far back.")] = 24,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what was asked, the oldest first; of more than `--limit`, the newest."""
    kept = asyncio.run(_asked(event, hours))
    found = kept[-limit:]
    if as_json:
        shown = [each.model_dump(mode="json") for each in found]
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        return
    for each in found:
        sys.stdout.write(inert(_line(each)) + "\n")
    if len(found) < len(kept):
        sys.stdout.write(f"The newest {len(found)} of {len(kept)}; --limit N shows more.\n")


@traffic_cli.command()
def show(
    record_id: Annotated[str, typer.Argument(help="The id, or its last eight signs.")],
    as_script: Annotated[
        bool, typer.Option("--script", help="As a script for `theseus rehearse`, in YAML.")
    ] = False,
) -> None:
    """Print one record as JSON; or as a script, with what may have led to it."""
    record, before = asyncio.run(_one(record_id))
    if record is None:
        raise ConfigError(f"There is no record {record_id!r}. `theseus traffic list` shows ids.")
    if as_script:
        sys.stdout.write(script_text(after(record, before)))
        return
    sys.stdout.write(record.model_dump_json(indent=2, exclude_defaults=True) + "\n")


def _line(record: TrafficRecord) -> str:
    given = record.step.model_dump(exclude_defaults=True, exclude={"by", "channel"}, mode="json")
    answered = "; ".join(record.shape) or "no answer"
    return (
        f"{record.at:%Y-%m-%d %H:%M:%S}  {short_id(record.id)}  {record.outcome.value:9}  "
        f"{record.event}  {json.dumps(given, ensure_ascii=False)}  ({answered})"
    )


async def _asked(event: str, hours: int) -> Sequence[TrafficRecord]:
    """Return what was asked, oldest first. Raises `ConfigError` where nothing is of the event."""
    kept = _kept()
    if nothing_at(kept, "traffic"):
        return ()
    since = datetime.now(UTC) - timedelta(hours=hours)
    async with SqliteTraffic(kept, redact=redact) as log:
        known = await log.since(since, limit=_ALL)
    found = [each for each in known if event in ("", each.event)]
    if event and not found:
        events = ", ".join(sorted({each.event for each in known})) or "nothing at all"
        raise ConfigError(
            f"There is nothing of {event!r} in the last {hours} h; there is: {events}. "
            "`--hours` looks further back."
        )
    return found


async def _one(record_id: str) -> tuple[TrafficRecord | None, Sequence[TrafficRecord]]:
    """Return the record, and what of the same cog and server may have led to it, oldest first."""
    kept = _kept()
    if nothing_at(kept, "traffic"):
        return None, ()
    async with SqliteTraffic(kept, redact=redact) as log:
        record = await log.get(record_id)
        if record is None:
            return None, ()
        known = await log.since(record.at - _BEFORE, limit=_ALL)
    return record, earlier(record, known)[-_LED:]


def _kept() -> Path:
    return settings_here().state / "traffic" / "traffic.sqlite3"

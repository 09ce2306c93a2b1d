"""`theseus traffic`: what was asked of cogs, looked up without a running bot."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.cli.missing_state import report_if_missing
from bot.cli.output import (
    JsonAnyway,
    JsonOption,
    print_error,
    print_json,
    report_empty,
)
from bot.cli.script_files import format_script
from bot.cli.tables import Cell, Row, When, print_table
from bot.domain.errors import ConfigError
from bot.domain.ids import shorten_id
from bot.domain.traffic import TrafficRecord
from bot.proof.scripts import describe_step
from bot.proof.traffic_scripts import build_script, find_earlier
from bot.redaction import redact
from bot.settings import load_settings

traffic_cli = typer.Typer(help="Look at what was asked of cogs.", no_args_is_help=True)
_HEAD = ("id", "when", "outcome", "event", "asked", "answered")
_MOST_HOURS = 24 * 365 * 100
_ALL = 1_000_000  # more than is kept
_BEFORE = timedelta(days=7)
_LED = 20  # steps before the one that is shown: more than people read


@traffic_cli.command("list")
def list_records(
    event: Annotated[str, typer.Argument(help="`command.roll`; empty: of every event.")] = "",
    hours: Annotated[int, typer.Option(min=1, max=_MOST_HOURS, help="How far back.")] = 24,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many of the newest.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what was asked, the oldest first; of more than `--limit`, the newest.

    Exit code 1: nothing of that event.

    For example: theseus traffic list command.roll --hours 48
    """
    known = asyncio.run(_load_records(hours))
    kept = [each for each in known or () if event in ("", each.event)]
    found = kept[-limit:]
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
    elif found:
        now = datetime.now(UTC)
        print_table(_HEAD, [_build_row(each, now) for each in found])
    if len(found) < len(kept):
        print_error(f"the newest {len(found)} of {len(kept)}; --limit N shows more.")
    if not kept:
        told = (
            "" if known is None else _explain_no_match(event, hours, {each.event for each in known})
        )
        report_empty(told, searched=bool(event))


@traffic_cli.command()
def show(
    record_id: Annotated[str, typer.Argument(help="The id, or its last eight signs.")],
    as_script: Annotated[
        bool, typer.Option("--script", help="As a script for `theseus rehearse`, in YAML.")
    ] = False,
    as_json: JsonAnyway = False,
) -> None:
    """Print one record as JSON; or as a script, with what may have led to it.

    For example: theseus traffic show xtfh5bte --script > failing.yaml
    """
    if as_script and as_json:
        raise ConfigError("--script and --json: give one of them.")
    record, before = asyncio.run(_find_record(record_id))
    if record is None:
        raise ConfigError(f"There is no record {record_id!r}. `theseus traffic list` shows ids.")
    if as_script:
        sys.stdout.write(format_script(build_script(record, before)))
        return
    sys.stdout.write(record.model_dump_json(indent=2, exclude_defaults=True) + "\n")


def _build_row(record: TrafficRecord, now: datetime) -> Row:
    outcome = Cell(record.outcome.value, "" if record.outcome == "ok" else "red")
    answered = "; ".join(record.shape) or "no answer"
    return (
        Cell(shorten_id(record.id), "bold"), When(record.at, now), outcome, record.event,
        describe_step(record.step), Cell(f"({answered})", "dim"),
    )  # fmt: skip


def _explain_no_match(event: str, hours: int, known: set[str]) -> str:
    if not event:
        return f"Nothing was asked in the last {hours} h. `--hours` looks further back."
    events = ", ".join(sorted(known)) or "nothing at all"
    return (
        f"There is nothing of {event!r} in the last {hours} h; there is: {events}. "
        "`--hours` looks further back."
    )


async def _load_records(hours: int) -> Sequence[TrafficRecord] | None:
    """Return what was asked, oldest first; `None` where nothing is kept, which is said."""
    kept = _get_path()
    if report_if_missing(kept, "traffic"):
        return None
    since = datetime.now(UTC) - timedelta(hours=hours)
    async with SqliteTraffic(kept, redact=redact) as log:
        return await log.list_since(since, limit=_ALL)


async def _find_record(record_id: str) -> tuple[TrafficRecord | None, Sequence[TrafficRecord]]:
    """Return the record, and what of the same cog and server may have led to it, oldest first."""
    kept = _get_path()
    if report_if_missing(kept, "traffic"):
        return None, ()
    async with SqliteTraffic(kept, redact=redact) as log:
        record = await log.get(record_id)
        if record is None:
            return None, ()
        known = await log.list_since(record.at - _BEFORE, limit=_ALL)
    return record, find_earlier(record, known)[-_LED:]


def _get_path() -> Path:
    return load_settings().state / "traffic" / "traffic.sqlite3"

"""`theseus traffic`: shows the recorded traffic of cogs, without a running bot."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption
from theseus_rehearsal.script_files import format_script
from theseus_rehearsal.scripts import describe_step

from bot.app.state_parts import TRAFFIC
from bot.cli.missing_state import report_if_missing
from bot.cli.output import JsonAnyway, print_error, print_json, report_empty
from bot.cli.state_stores import find_stores
from bot.cli.tables import Cell, Row, When, print_table
from bot.domain.errors import ConfigError
from bot.domain.ids import shorten_id
from bot.domain.traffic import TrafficRecord
from bot.proof.traffic_scripts import build_script, find_earlier

traffic_cli = typer.Typer(help="Show recorded traffic of cogs.", no_args_is_help=True)
_HEAD = ("id", "when", "outcome", "event", "asked", "answered")
_MOST_HOURS = 24 * 365 * 100
_ALL = 1_000_000  # more records than the log stores
_BEFORE = timedelta(days=7)
_LED = 20  # steps before the shown one; people do not read more


@traffic_cli.command("list")
def list_records(
    event: Annotated[
        str, typer.Argument(help="The event, such as command.roll. Default: all.")
    ] = "",
    hours: Annotated[int, typer.Option(min=1, max=_MOST_HOURS, help="Show the last N hours.")] = 24,
    limit: Annotated[
        int, typer.Option(min=1, max=1_000, help="Show at most this many of the newest records.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """List recorded commands and messages, oldest first.

    Exit code 1: there is no record of that event.

    Example: theseus traffic list command.roll --hours 48
    """
    known = asyncio.run(_load_records(hours))
    matching = [record for record in known or () if event in ("", record.event)]
    found = matching[-limit:]
    if as_json:
        print_json([record.model_dump(mode="json") for record in found])
    elif found:
        now = datetime.now(UTC)
        print_table(_HEAD, [_build_row(record, now) for record in found])
    if len(found) < len(matching):
        print_error(f"the newest {len(found)} of {len(matching)}; --limit N shows more.")
    if not matching:
        # `None`: the missing log was reported already.
        events = {record.event for record in known or ()}
        reason = "" if known is None else _explain_no_match(event, hours, events)
        report_empty(reason, searched=bool(event))


@traffic_cli.command()
def show(
    record_id: Annotated[str, typer.Argument(help="The id, or its last eight characters.")],
    as_script: Annotated[
        bool, typer.Option("--script", help="Print a script (YAML) for `theseus rehearse`.")
    ] = False,
    as_json: JsonAnyway = False,
) -> None:
    """Print a record as JSON, or as a script with the records that may have led to it.

    Example: theseus traffic show xtfh5bte --script > failing.yaml
    """
    if as_script and as_json:
        raise ConfigError("--script and --json: use only one of them.")
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
        return f"There are no records of the last {hours} h. Use --hours to look further back."
    events = ", ".join(sorted(known)) or "none"
    return (
        f"There is no record of {event!r} in the last {hours} h. Recorded events: {events}. "
        "Use --hours to look further back."
    )


async def _load_records(hours: int) -> Sequence[TrafficRecord] | None:
    """Return the records, oldest first, or `None` if there is no log (which is reported)."""
    stores = find_stores()
    if report_if_missing(stores.find_missing_file(TRAFFIC), "traffic"):
        return None
    since = datetime.now(UTC) - timedelta(hours=hours)
    async with stores.build_traffic() as log:
        return await log.list_since(since, limit=_ALL)


async def _find_record(record_id: str) -> tuple[TrafficRecord | None, Sequence[TrafficRecord]]:
    """Return the record, and earlier ones of the same cog and server, oldest first.

    The earlier records may have led to the state that the record depends on.
    """
    stores = find_stores()
    if report_if_missing(stores.find_missing_file(TRAFFIC), "traffic"):
        return None, ()
    async with stores.build_traffic() as log:
        record = await log.get(record_id)
        if record is None:
            return None, ()
        known = await log.list_since(record.at - _BEFORE, limit=_ALL)
    return record, find_earlier(record, known)[-_LED:]

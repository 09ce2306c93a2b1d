"""`theseus hearing`: shows what the bot took for something else, without a running bot."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption

from bot.app.state_stores import StateStores
from bot.cli.missing_state import report_if_missing
from bot.cli.output import print_error, print_json, report_empty
from bot.cli.tables import Cell, Row, When, print_table
from bot.domain.correction import Correction
from bot.intake.corrections import PREFIX
from bot.settings import load_settings

hearing_cli = typer.Typer(
    help="Show what the bot understood wrongly, as people corrected it.", no_args_is_help=True
)
_HEAD = ("when", "times", "taken for", "meant", "sentence")


@hearing_cli.callback()
def _show_group() -> None:
    """Show what the bot understood wrongly, as people corrected it."""


@hearing_cli.command()
def report(
    limit: Annotated[
        int, typer.Option(min=1, max=1_000, help="Show at most this many of the newest.")
    ] = 1_000,
    as_json: JsonOption = False,
) -> None:
    """List the sentences that people corrected with “Not what I meant”, newest first.

    With --json, `make hearing` can train on the list.

    Example: theseus hearing report --json > corrections.json
    """
    known = asyncio.run(_load_corrections())
    newest = sorted(known or (), key=lambda each: each.at, reverse=True)
    found = newest[:limit]
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
    elif found:
        now = datetime.now(UTC)
        print_table(_HEAD, [_build_row(each, now) for each in found])
    if len(found) < len(newest):
        print_error(f"the newest {len(found)} of {len(newest)}; --limit N shows more.")
    if not found:
        # `None`: the missing state was reported already.
        report_empty("" if known is None else "Nobody has corrected anything.", searched=False)


def _build_row(correction: Correction, now: datetime) -> Row:
    return (
        When(correction.at, now),
        str(correction.times),
        Cell(correction.reading, "dim"),
        Cell(correction.meaning, "bold"),
        correction.sentence,
    )


async def _load_corrections() -> Sequence[Correction] | None:
    """Return the corrections, or `None` if there is no state (which is reported)."""
    settings = load_settings()
    stores = StateStores.find(settings.state, settings.environment)
    if report_if_missing(stores.find_missing_file(), "state"):
        return None
    async with stores.build_key_values() as key_values:
        return await key_values.list_records(PREFIX, Correction)

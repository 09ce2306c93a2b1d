"""`theseus journal`: searches and indexes the journal, without a running bot."""

import asyncio
import difflib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption

from bot.adapters.ndjson_journal import Damage
from bot.app.state_stores import StateStores
from bot.cli.missing_state import report_if_missing
from bot.cli.output import print_json, report_empty, say, should_print_json
from bot.cli.progress import show_progress
from bot.cli.run_text import RECORDS_HEAD, record_row
from bot.cli.tables import print_table
from bot.domain.journal import Action, JournalQuery
from bot.settings import Settings, load_settings

journal_cli = typer.Typer(help="Search and index the journal.", no_args_is_help=True)
_KNOWN = 10_000  # newest records that a suggestion for a mistyped event is taken from
_MAX_LISTED = 12


@journal_cli.command("search")
def search_journal(
    event: Annotated[str | None, typer.Option(help="The event, such as command.roll.")] = None,
    fingerprint: Annotated[str | None, typer.Option(help="The fingerprint of a failure.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="Show at most this many of the newest records.")
    ] = 50,
    as_json: JsonOption = False,
) -> None:
    """Search the journal and show the matching records, oldest first.

    In a pipe, the full records are printed as NDJSON. Exit code 1: no record matches.

    Example: theseus journal search --event command.roll --limit 5
    """
    query = JournalQuery(event=event, fingerprint=fingerprint, limit=limit)
    found, reason = asyncio.run(_search_journal(load_settings(), query))
    if as_json:
        print_json([action.model_dump(mode="json") for action in found])
    elif should_print_json(as_json):
        for action in found:
            sys.stdout.write(action.model_dump_json() + "\n")  # redacted before it was written
    else:
        now = datetime.now(UTC)
        print_table(RECORDS_HEAD, [record_row(action, now) for action in found])
    if not found:
        report_empty(reason, searched=bool(event or fingerprint))


@journal_cli.command("index")
def index_journal(as_json: JsonOption = False) -> None:
    """Update the index of the journal, and list lines that are not records.

    Exit code 1: there are such lines; they are skipped. A deleted index is rebuilt.

    Example: theseus journal index
    """
    damaged = asyncio.run(_find_damage(load_settings()))
    if as_json:
        print_json([damage._asdict() for damage in damaged])
    elif damaged:
        for damage in damaged:
            say(str(damage))
    else:
        say("The index is complete. Every line of the journal is a record.")
    if damaged:
        raise typer.Exit(1)


async def _find_damage(settings: Settings) -> Sequence[Damage]:
    """Update the index and return the lines that are not records.

    Exits with code 1 if there is no journal, which is reported.
    """
    stores = StateStores.find(settings.state, settings.environment)
    if report_if_missing(stores.journal_folder, "journal"):
        raise typer.Exit(1)
    async with stores.build_journal() as journal:
        with show_progress("bytes of the journal indexed") as on_progress:
            return await journal.find_damage(on_progress)


async def _search_journal(settings: Settings, query: JournalQuery) -> tuple[Sequence[Action], str]:
    """Return the matching records, oldest first, and the reason if there are none.

    The reason is empty if it was reported already.
    """
    stores = StateStores.find(settings.state, settings.environment)
    if report_if_missing(stores.journal_folder, "journal"):
        return (), ""
    async with stores.build_journal() as journal:
        found = await journal.read(query)
        known = () if found else await journal.read(JournalQuery(limit=_KNOWN))
    return found, _explain_no_match(query, {action.event for action in known})


def _explain_no_match(query: JournalQuery, known: set[str]) -> str:
    """Return why no record matches; for an unknown event, with a similar event or a list."""
    if not known:
        return "The journal is empty."
    if query.event is None or query.event in known:
        return f"No record has the fingerprint {query.fingerprint!r}."
    near = difflib.get_close_matches(query.event, known, n=1)
    events = sorted(known)
    shown = ", ".join([*events[:_MAX_LISTED], *(["..."] if len(events) > _MAX_LISTED else [])])
    hint = f"did you mean {near[0]}?" if near else f"known events: {shown}."
    return f"No record has the event {query.event!r}; {hint}"

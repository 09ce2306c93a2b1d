"""`theseus journal`: the journal in a state folder, without a running bot."""

import asyncio
import difflib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.adapters.ndjson_journal import Damage, NdjsonJournal
from bot.cli.missing_state import report_if_missing
from bot.cli.output import JsonOption, print_json, report_empty, say, should_print_json
from bot.cli.progress import show_progress
from bot.cli.run_text import RECORDS_HEAD, record_row
from bot.cli.tables import print_table
from bot.domain.journal import Action, JournalQuery
from bot.redaction import redact
from bot.settings import Settings, load_settings

journal_cli = typer.Typer(help="Look at the journal.", no_args_is_help=True)
_KNOWN = 10_000  # newest records whose events are known
_MAX_LISTED = 12


@journal_cli.command("search")
def search_journal(
    event: Annotated[str | None, typer.Option(help="kind.name, for example command.roll")] = None,
    fingerprint: Annotated[
        str | None, typer.Option(help="One failure, by the fingerprint in its records.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the newest.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show matching records, oldest first.

    Into a pipe: all of each, as NDJSON. Exit code 1: nothing matches.

    For example: theseus journal search --event command.roll --limit 5
    """
    query = JournalQuery(event=event, fingerprint=fingerprint, limit=limit)
    found, told = asyncio.run(_search_journal(load_settings(), query))
    if as_json:
        print_json([action.model_dump(mode="json") for action in found])
    elif should_print_json(as_json):
        for action in found:
            sys.stdout.write(action.model_dump_json() + "\n")  # redacted before it was written
    else:
        now = datetime.now(UTC)
        print_table(RECORDS_HEAD, [record_row(action, now) for action in found])
    if not found:
        report_empty(told, searched=bool(event or fingerprint))


@journal_cli.command("index")
def index_journal(as_json: JsonOption = False) -> None:
    """Bring the index up to date with the files, and say where they hold what is no record.

    Exit code 1: they do somewhere; it is passed over. The index can be deleted: this makes it anew.

    For example: theseus journal index
    """
    damaged = asyncio.run(_find_damage(load_settings()))
    if as_json:
        print_json([each._asdict() for each in damaged])
    elif damaged:
        for each in damaged:
            say(str(each))
    else:
        say("The index is complete, and every line of the journal is a record.")
    if damaged:
        raise typer.Exit(1)


async def _find_damage(settings: Settings) -> Sequence[Damage]:
    """Return what is no record. Exits with 1 where there is no journal, which is reported."""
    if report_if_missing(settings.state / "journal", "journal"):
        raise typer.Exit(1)
    async with NdjsonJournal(settings.state, redact=redact) as journal:
        with show_progress("bytes of the journal indexed") as on_progress:
            return await journal.find_damage(on_progress)


async def _search_journal(settings: Settings, query: JournalQuery) -> tuple[Sequence[Action], str]:
    """Return matching records, oldest first; and where there are none, why, unless it was said."""
    if report_if_missing(settings.state / "journal", "journal"):
        return (), ""
    async with NdjsonJournal(settings.state, redact=redact) as journal:
        found = await journal.read(query)
        known = () if found else await journal.read(JournalQuery(limit=_KNOWN))
    return found, _explain_no_match(query, {action.event for action in known})


def _explain_no_match(query: JournalQuery, known: set[str]) -> str:
    """Return why nothing matches, with the event that may have been meant."""
    if not known:
        return "The journal is empty."
    if query.event is None or query.event in known:
        return f"No record has the fingerprint {query.fingerprint!r}."
    near = difflib.get_close_matches(query.event, known, n=1)
    events = sorted(known)
    shown = ", ".join([*events[:_MAX_LISTED], *(["..."] if len(events) > _MAX_LISTED else [])])
    hint = f"did you mean {near[0]}?" if near else f"there are: {shown}."
    return f"No record has the event {query.event!r}; {hint}"

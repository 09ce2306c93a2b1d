"""`theseus journal`: the journal in a state folder, without a running bot."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.cli.missing_state import nothing_at
from bot.domain.journal import Action, JournalQuery
from bot.redaction import redact
from bot.settings import Settings, settings_here

journal_cli = typer.Typer(help="Look at the journal.", no_args_is_help=True)


@journal_cli.command("search")
def journal_search(
    event: Annotated[str | None, typer.Option(help="kind.name, for example command.roll")] = None,
    fingerprint: Annotated[
        str | None, typer.Option(help="One failure, by the fingerprint in its records.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the newest.")] = 50,
) -> None:
    """Print matching records as NDJSON, oldest first.

    For example: theseus journal search --event command.roll --limit 5
    """
    found = asyncio.run(_search_journal(settings_here(), event, fingerprint, limit))
    for action in found:
        sys.stdout.write(action.model_dump_json() + "\n")  # redacted before it was written


async def _search_journal(
    settings: Settings, event: str | None, fingerprint: str | None, limit: int
) -> Sequence[Action]:
    """Return matching journal records, oldest first."""
    if nothing_at(settings.state / "journal", "journal"):
        return ()
    async with NdjsonJournal(settings.state, redact=redact) as journal:
        return await journal.read(JournalQuery(event=event, fingerprint=fingerprint, limit=limit))

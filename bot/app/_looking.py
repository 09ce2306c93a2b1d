"""What the command line shows of a state folder, without a running bot."""

from collections.abc import Sequence

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.domain.history import History
from bot.domain.journal import Action, JournalQuery
from bot.domain.run import Run
from bot.settings import Settings
from bot.telemetry import redact


async def list_runs(settings: Settings, limit: int) -> tuple[Run, ...]:
    """Return the newest runs, newest first."""
    async with SqliteStore(settings.state / "theseus.sqlite3") as store:
        return await store.find(limit=limit)


async def show_run(settings: Settings, run_id: str) -> tuple[Run, History, tuple[Action, ...]]:
    """Return a run, its records, and the journal records behind its diagnosis."""
    async with (
        SqliteStore(settings.state / "theseus.sqlite3") as store,
        NdjsonJournal(settings.state, redact=redact) as journal,
    ):
        run, history = await store.get(run_id.lower()), await store.history(run_id.lower())
        ids = history.diagnosis.evidence_ids if history.diagnosis else ()
        found = [await journal.get(record_id) for record_id in ids]
        return run, history, tuple(action for action in found if action is not None)


async def search_journal(
    settings: Settings, event: str | None, fingerprint: str | None, limit: int
) -> Sequence[Action]:
    """Return matching journal records, oldest first."""
    async with NdjsonJournal(settings.state, redact=redact) as journal:
        return await journal.read(JournalQuery(event=event, fingerprint=fingerprint, limit=limit))

"""The record search port: questions about many records of the store at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.record_search import AuditQuery, NumberedEntry, ResultPage, RunQuery, RunSummary
from bot.domain.run import Run


class RecordSearch(Protocol):
    """Reads what the store holds, without keeping whoever writes it waiting. Raises `StoreError`.

    What is looked for is data: it may hold anything, and no query language is read in it. Capitals
    do not matter in plain letters.
    """

    async def list_summaries(self, *, since: datetime, limit: int = 20_000) -> Sequence[RunSummary]:
        """Return the runs begun since then, the newest first; one question, however many."""
        ...

    async def search_runs(self, query: RunQuery) -> ResultPage[Run]:
        """Return the runs that fit, the newest first."""
        ...

    async def search_audit(self, query: AuditQuery) -> ResultPage[NumberedEntry]:
        """Return the entries that fit, the newest first."""
        ...

    async def list_audit_actions(self) -> Sequence[str]:
        """Return every action that the audit log tells of, by the alphabet."""
        ...

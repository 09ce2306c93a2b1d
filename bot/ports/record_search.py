"""The record search port: queries of many records of the store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.record_search import AuditQuery, NumberedEntry, ResultPage, RunQuery, RunSummary
from bot.domain.run import Run


class RecordSearch(Protocol):
    """Reads the store without blocking its writers. Raises `StoreError`.

    Search text is untrusted data and is not parsed as a query language. ASCII letters match in
    either case.
    """

    async def list_summaries(self, *, since: datetime, limit: int = 20_000) -> Sequence[RunSummary]:
        """Return the runs begun since then, newest first, in one query for any number."""
        ...

    async def search_runs(self, query: RunQuery) -> ResultPage[Run]:
        """Return the matching runs, newest first."""
        ...

    async def search_audit(self, query: AuditQuery) -> ResultPage[NumberedEntry]:
        """Return the matching entries, newest first."""
        ...

    async def list_audit_actions(self) -> Sequence[str]:
        """Return all actions in the audit log, in alphabetical order."""
        ...

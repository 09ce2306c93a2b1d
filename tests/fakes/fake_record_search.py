"""Questions about many records, answered from the fake store."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from theseus_guard.record import Record

from bot.domain.audit import AuditEntry
from bot.domain.dialogue import Answer, Instructions
from bot.domain.proposal import Outcome, Proposal, Shipment
from bot.domain.record_search import (
    AuditQuery,
    NumberedEntry,
    Paged,
    ResultPage,
    RunQuery,
    RunSummary,
    T,
)
from bot.domain.revision import Revision
from bot.domain.run import Run
from bot.domain.use import UseWatch
from bot.domain.watch import Watch
from tests.fakes.fake_store import FakeStore


class FakeRecordSearch:
    """Implements `bot.ports.record_search.RecordSearch` on what a fake store holds.

    It keeps no times of records: they count as of the run's last change. `broken` is raised
    instead of every answer, where a test sets it.
    """

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.broken: Exception | None = None

    async def list_summaries(self, *, since: datetime, limit: int = 20_000) -> Sequence[RunSummary]:
        """Return the runs begun since then, the newest first."""
        return [self._summarise(run) for run in self._list_newest() if run.created_at >= since][
            :limit
        ]

    async def search_runs(self, query: RunQuery) -> ResultPage[Run]:
        """Return the runs that fit, the newest first."""
        fitting = [
            run
            for run in self._list_newest()
            if (not query.statuses or run.status in query.statuses)
            and query.goal in (None, run.goal)
            and (query.since is None or run.created_at >= query.since)
            and _has_text((run.id, run.trigger.subject, run.trigger.text), query.text)
        ]
        return _cut_page(fitting, query)

    async def search_audit(self, query: AuditQuery) -> ResultPage[NumberedEntry]:
        """Return the entries that fit, the newest first."""
        if self.broken is not None:
            raise self.broken
        first = self._store.audits_gone + 1
        numbered = [
            NumberedEntry(number, entry) for number, entry in enumerate(self._store.audits, first)
        ]
        return _cut_page(
            [each for each in reversed(numbered) if _is_match(each.entry, query)], query
        )

    async def list_audit_actions(self) -> Sequence[str]:
        """Return every action in the audit log."""
        return sorted({entry.action for entry in self._store.audits})

    def _list_newest(self) -> list[Run]:
        if self.broken is not None:
            raise self.broken
        return sorted(self._store.runs.values(), key=lambda run: run.created_at)[::-1]

    def _summarise(self, run: Run) -> RunSummary:
        kept: Sequence[Record] = self._store.records.get(run.id, [])
        proposals = [each for each in kept if isinstance(each, Proposal)]
        outcomes = [each for each in kept if isinstance(each, Outcome)]
        live = any(isinstance(each, Shipment) and each.live for each in kept)
        given = [each.at for key, each in self._store.approvals.items() if key[0] == run.id]
        return RunSummary(
            id=run.id,
            goal=run.goal,
            status=run.status,
            origin=run.trigger.origin,
            about=(run.trigger.subject or run.trigger.text)[:120],
            created_at=run.created_at,
            updated_at=run.updated_at,
            cost_usd=run.cost_usd,
            number=proposals[-1].number if proposals else None,
            proposed_at=run.updated_at if proposals else None,
            approved_at=min(given, default=None),
            live_at=run.updated_at if live else None,
            verdict=outcomes[-1].verdict if outcomes else None,
            watched=any(isinstance(each, Watch | UseWatch) for each in kept),
            helped=any(
                isinstance(each, Revision | Instructions)
                or (isinstance(each, Answer) and each.person is not None)
                for each in kept
            ),
        )


def _is_match(entry: AuditEntry, query: AuditQuery) -> bool:
    person = entry.person
    named = person is not None and (
        query.person == str(person.id) or query.person.lower() in person.name.lower()
    )
    return (
        query.action in ("", entry.action)
        and (not query.person or named)
        and query.result in ("", "allowed" if entry.allowed else "refused")
        and (query.since is None or entry.at >= query.since)
        and _has_text((entry.note, entry.how, entry.run_id or "", entry.head), query.text)
    )


def _has_text(texts: Iterable[str], text: str) -> bool:
    return text.lower() in " ".join(texts).lower()


def _cut_page(found: Sequence[T], query: Paged) -> ResultPage[T]:
    rest = found[query.offset :]
    return ResultPage(rest[: query.size], len(rest) > query.size)

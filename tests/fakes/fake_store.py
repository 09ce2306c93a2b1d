"""The store in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from theseus_guard.record import Record

from bot.domain.audit import (
    ACCEPTED,
    CHECKPOINT,
    AuditBreak,
    AuditEntry,
    AuditHead,
    AuditState,
)
from bot.domain.errors import StoreConflict, StoreError, UnknownRun
from bot.domain.history import RECORDS, History, get_field_name, get_stored_name
from bot.domain.proposal import Approval
from bot.domain.run import Lane, Run, Status, get_lane
from bot.domain.run_state import Edge, move


class FakeStore:
    """Implements `bot.ports.store.Store`. What it holds may be read straight from its fields."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.records: dict[str, list[Record]] = {}
        self.approvals: dict[tuple[str, str], Approval] = {}
        self.audits: list[AuditEntry] = []
        self.audits_gone = 0
        self.audit_broken: AuditBreak | None = None

    async def create(self, run: Run) -> Run:
        """Insert the run, or return the one with its trigger's key."""
        for known in self.runs.values():
            if known.trigger.key == run.trigger.key:
                return known
        if run.id in self.runs:
            raise StoreConflict(f"The run id {run.id} is already in use; choose another one.")
        self.runs[run.id] = run
        return run

    async def get(self, run_id: str) -> Run:
        """Return the run."""
        try:
            return self.runs[run_id]
        except KeyError as error:
            raise UnknownRun(f"There is no run {run_id}.") from error

    async def save(self, run: Run, *records: Record) -> Run:
        """Write the run and append its records, unless another writer changed the run in
        between.
        """
        stored = await self.get(run.id)
        if stored.version != run.version or stored.trigger.key != run.trigger.key:
            raise StoreConflict(f"Run {run.id} was changed by another writer meanwhile.")
        _check(records)
        until = run.lease_until
        if until and stored.lease_until and run.lease_owner == stored.lease_owner:
            until = max(until, stored.lease_until)
        saved = run.replace(version=run.version + 1, lease_until=until)
        self.runs[run.id] = saved
        self.records.setdefault(run.id, []).extend(records)
        return saved

    async def append(self, run_id: str, *records: Record) -> None:
        """Append records without touching the run."""
        await self.get(run_id)
        _check(records)
        self.records.setdefault(run_id, []).extend(records)

    async def get_history(self, run_id: str) -> History:
        """Return the newest record of each kind."""
        await self.get(run_id)
        newest = {get_field_name(type(record)): record for record in self.records.get(run_id, [])}
        return History().model_copy(update=newest)

    async def get_histories(self, run_ids: Collection[str]) -> Mapping[str, History]:
        """Return the same of those of these runs that there are."""
        return {each: await self.get_history(each) for each in run_ids if each in self.runs}

    async def find(
        self,
        *,
        status: Collection[Status] | None = None,
        thread_id: int | None = None,
        limit: int = 50,
    ) -> tuple[Run, ...]:
        """Return matching runs, newest first."""
        found = [
            run
            for run in self.runs.values()
            if (status is None or run.status in status)
            and (thread_id is None or run.thread_id == thread_id)
        ]
        oldest_first = sorted(found, key=lambda run: run.created_at)
        return tuple(reversed(oldest_first))[:limit]

    async def find_versions(
        self, *, status: Collection[Status], limit: int = 50
    ) -> Mapping[str, int]:
        """Return the versions of matching runs by id, newest first."""
        return {run.id: run.version for run in await self.find(status=status, limit=limit)}

    async def lease_next(self, owner: str, until: datetime, lane: Lane = Lane.SEARCH) -> Run | None:
        """Take the most urgent queued run, the oldest of those."""
        queued = [run for run in self.runs.values() if run.status is Status.QUEUED]
        fitting = [run for run in queued if get_lane(run) <= lane]
        if not fitting:
            return None
        run = min(fitting, key=lambda run: (get_lane(run), run.created_at))
        leased = move(
            run, Edge.LEASED, lease_owner=owner, lease_until=until, version=run.version + 1
        )
        self.runs[run.id] = leased
        return leased

    async def extend_lease(self, run_id: str, owner: str, until: datetime) -> bool:
        """Extend a lease if it still belongs to this owner."""
        run = await self.get(run_id)
        if run.lease_owner != owner or run.status is not Status.RUNNING:
            return False
        self.runs[run_id] = run.replace(lease_until=max(until, run.lease_until or until))
        return True

    async def approve(self, approval: Approval) -> Approval:
        """Record the first approval of a head; every later one gets the first back."""
        await self.get(approval.run_id)
        return self.approvals.setdefault((approval.run_id, approval.head), approval)

    async def get_approval(self, run_id: str, head: str) -> Approval | None:
        """Return the approval of exactly that head."""
        return self.approvals.get((run_id, head))

    async def append_audit_entry(self, entry: AuditEntry) -> None:
        """Append to the audit log."""
        self.audits.append(entry)

    async def list_audit_entries(
        self,
        *,
        run_id: str | None = None,
        person_id: int | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """Return the newest entries that fit, newest first."""
        entries = [
            entry
            for entry in self.audits
            if (run_id is None or entry.run_id == run_id)
            and (person_id is None or (entry.person and entry.person.id == person_id))
            and (since is None or entry.at >= since)
        ]
        return tuple(reversed(entries))[:limit]

    async def verify_audit_log(
        self, heads: Sequence[AuditHead] = (), *, tail: int | None = None
    ) -> AuditState:
        """Return the end of the log; it is broken if a test says so, or if a head is beyond the
        end.
        """
        last = self.audits_gone + len(self.audits)
        broken = self.audit_broken
        for head in heads:
            if head.number > last and broken is None:
                told = f"Entries {last + 1} to {head.number} are missing."
                broken = AuditBreak(number=last + 1, kind="journal", summary=told)
        return AuditState(
            first=self.audits_gone + 1 if self.audits else 0,
            last=last,
            hash=f"hash {last}",
            broken=broken,
        )

    async def accept_audit_break(self, entry: AuditEntry) -> None:
        """Append an entry by which what is broken is known."""
        self.audit_broken = None
        await self.append_audit_entry(entry.replace(action=ACCEPTED))

    async def forget_runs(self, older_than: datetime) -> tuple[str, ...]:
        """Remove runs that had ended by then, with all they recorded; return their ids."""
        over = [
            run.id
            for run in self.runs.values()
            if run.has_ended and max(run.created_at, run.updated_at) < older_than
        ]
        for run_id in over:
            del self.runs[run_id]
            self.records.pop(run_id, None)
            self.approvals = {
                key: given for key, given in self.approvals.items() if key[0] != run_id
            }
        return tuple(over)

    async def forget_audit_entries(self, older_than: datetime, now: datetime) -> int:
        """Remove entries from before, behind one that says so; return how many."""
        old = [entry for entry in self.audits[:-1] if entry.at < older_than]
        if not old:
            return 0
        self.audits_gone += len(old)
        self.audits = self.audits[len(old) :]
        await self.append_audit_entry(
            AuditEntry(at=now, action=CHECKPOINT, allowed=True, cut=self.audits_gone)
        )
        return len(old)


def _check(records: Sequence[Record]) -> None:
    for record in records:
        if RECORDS.get(get_stored_name(record)) is not type(record):
            raise StoreError(f"{type(record).__name__} is not a stage record.")

"""The store port: runs, their records, approvals and the audit log."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from theseus_guard.record import Record

from bot.domain.audit import AuditEntry, AuditHead, AuditState
from bot.domain.history import History
from bot.domain.proposal import Approval
from bot.domain.run import Lane, Run, Status


class Store(Protocol):
    """Durable state. Every method is one transaction; once it has returned, a crash loses nothing.

    Raises `StoreConflict` if another writer changed the row first, `UnknownRun`, `StoreError`.
    """

    async def create(self, run: Run) -> Run:
        """Insert the run, or return the existing run with the same `trigger.key`."""
        ...

    async def get(self, run_id: str) -> Run:
        """Return the run. Raises `UnknownRun` if there is none."""
        ...

    async def save(self, run: Run, *records: Record) -> Run:
        """Write the run and append stage records in one transaction; return it with `version` + 1.

        Raises `StoreConflict`, and writes nothing, if the stored version is not `run.version`.
        """
        ...

    async def append(self, run_id: str, *records: Record) -> None:
        """Append records without changing the run, so that its worker is not disturbed."""
        ...

    async def get_history(self, run_id: str) -> History:
        """Return the newest record of each kind."""
        ...

    async def get_histories(self, run_ids: Collection[str]) -> Mapping[str, History]:
        """Return the histories of several runs in one read; unknown runs are left out."""
        ...

    async def find(
        self,
        *,
        status: Collection[Status] | None = None,
        thread_id: int | None = None,
        limit: int = 50,
    ) -> tuple[Run, ...]:
        """Return matching runs, newest first."""
        ...

    async def find_versions(
        self, *, status: Collection[Status], limit: int = 50
    ) -> Mapping[str, int]:
        """Return the versions of matching runs by id, newest first, without reading the runs."""
        ...

    async def lease_next(self, owner: str, until: datetime, lane: Lane = Lane.SEARCH) -> Run | None:
        """Lease a queued run of `lane` or of a more urgent lane: the most urgent, then the oldest.

        The run becomes running, leased to `owner`. Atomic.
        """
        ...

    async def extend_lease(self, run_id: str, owner: str, until: datetime) -> bool:
        """Extend a lease; `False` if this owner has lost it. Does not change `version`."""
        ...

    async def approve(self, approval: Approval) -> Approval:
        """Record the approval of one head; return the first one if that head already has one."""
        ...

    async def get_approval(self, run_id: str, head: str) -> Approval | None:
        """Return the approval of exactly that head, or `None`."""
        ...

    async def append_audit_entry(self, entry: AuditEntry) -> None:
        """Append to the audit log. There is no way to change or remove an entry."""
        ...

    async def list_audit_entries(
        self,
        *,
        run_id: str | None = None,
        person_id: int | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """Return the newest matching entries, newest first."""
        ...

    async def verify_audit_log(
        self, heads: Sequence[AuditHead] = (), *, tail: int | None = None
    ) -> AuditState:
        """Check whether the audit log is complete and unchanged; return the result and its end.

        `heads` are ends of the log at other times, as stored elsewhere. With `tail`, only that many
        of the newest entries are checked. A break is part of the result, not an error.
        """
        ...

    async def accept_audit_break(self, entry: AuditEntry) -> None:
        """Append an entry that acknowledges a break: the log is checked from there on."""
        ...

    async def forget_runs(self, older_than: datetime) -> tuple[str, ...]:
        """Remove runs that had ended by then, with all their records; return their ids.

        Their entries in the audit log stay.
        """
        ...

    async def forget_audit_entries(self, older_than: datetime, now: datetime) -> int:
        """Remove entries older than that, after an entry that records it; return how many."""
        ...

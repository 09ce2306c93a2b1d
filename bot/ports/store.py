"""The store port: runs, their records, approvals and the audit log."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.audit import AuditEntry, AuditHead, AuditState
from bot.domain.history import History
from bot.domain.proposal import Approval
from bot.domain.record import Record
from bot.domain.run import Lane, Run, Status


class Store(Protocol):
    """Durable state. Every method is one transaction: after it returns, a crash loses nothing.

    Raises `StoreConflict` when somebody else wrote the row first, `UnknownRun`, `StoreError`.
    """

    async def create(self, run: Run) -> Run:
        """Insert the run, or return the existing run with the same `trigger.key`."""
        ...

    async def get(self, run_id: str) -> Run:
        """Return the run; `UnknownRun` if there is none."""
        ...

    async def save(self, run: Run, *records: Record) -> Run:
        """Write the run and append stage records, together; return it with `version` + 1.

        Raises `StoreConflict`, and writes nothing, if the stored version is not `run.version`.
        """
        ...

    async def append(self, run_id: str, *records: Record) -> None:
        """Append records without touching the run: whoever works on it is not disturbed."""
        ...

    async def get_history(self, run_id: str) -> History:
        """Return the newest record of each kind."""
        ...

    async def get_histories(self, run_ids: Collection[str]) -> Mapping[str, History]:
        """Return the same of several runs, in one read; a run there is not is left out."""
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

    async def lease_next(self, owner: str, until: datetime, lane: Lane = Lane.SEARCH) -> Run | None:
        """Take a queued run of `lane`, or of a more urgent one: the most urgent, then the oldest.

        It becomes running, leased to `owner`. Atomic.
        """
        ...

    async def extend_lease(self, run_id: str, owner: str, until: datetime) -> bool:
        """Prolong a lease; `False` if it is no longer this owner's. Does not touch `version`."""
        ...

    async def approve(self, approval: Approval) -> Approval:
        """Record the approval of one head; return the first one if that head has one already."""
        ...

    async def get_approval(self, run_id: str, head: str) -> Approval | None:
        """Return the approval of exactly that head, if there is one."""
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
        """Return the newest entries that fit, newest first."""
        ...

    async def verify_audit_log(
        self, heads: Sequence[AuditHead] = (), *, tail: int | None = None
    ) -> AuditState:
        """Return whether the log is still all that was written, and where it ends.

        `heads` say where it ended at other times, as others noted it. With `tail` only so many of
        the newest entries are looked at. What is broken is a value, not an error.
        """
        ...

    async def accept_audit_break(self, entry: AuditEntry) -> None:
        """Append an entry by which what is broken is known: from there on the log counts."""
        ...

    async def forget_runs(self, older_than: datetime) -> int:
        """Remove runs that had ended by then, with all they recorded; return how many.

        What the audit log says of them stays.
        """
        ...

    async def forget_audit_entries(self, older_than: datetime, now: datetime) -> int:
        """Remove entries from before, behind one that says so; return how many."""
        ...

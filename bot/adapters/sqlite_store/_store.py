"""Runs, their records, approvals and the audit log, in SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from theseus_guard.record import Record

from bot.adapters.sqlite_store import _audit
from bot.adapters.sqlite_store._audit_anchor import Anchor
from bot.adapters.sqlite_store._audit_log import AuditLog
from bot.adapters.sqlite_store._audit_notes import AuditNotes
from bot.adapters.sqlite_store._audit_rows import AuditRow
from bot.adapters.sqlite_store._rows import (
    WrittenRow,
    append_record,
    dump_record,
    insert_run,
    load_histories,
    load_history,
    parse,
    redact_record,
    run_from,
    update_run,
)
from bot.domain.audit import ACCEPTED, AuditEntry, AuditHead, AuditState
from bot.domain.errors import StoreConflict, UnknownRun
from bot.domain.history import History
from bot.domain.proposal import Approval
from bot.domain.run import FINAL_STATUSES, Lane, Run, Status, get_lane
from bot.domain.run_state import Edge, move
from bot.infra.database import SqlConnection, SqlDatabase, SqlDatabaseOwner, stamp


class SqlStore(SqlDatabaseOwner[SqlDatabase]):
    """Implements `bot.ports.store.Store` on one database, which other processes may open too.

    The key and the end of the audit log are in `folder`. Open it before use (`await open()` or
    `async with`). Opening raises `ConfigError` if the database cannot be used.
    """

    def __init__(self, database: SqlDatabase, folder: Path) -> None:
        super().__init__(database)
        self.audit_notes = AuditNotes(database)
        self._audited = AuditLog(database, Anchor(folder))

    async def open(self) -> None:
        """Open the database and the audit log's anchor. Raises `ConfigError`."""
        await super().open()
        try:
            await self._audited.open()
        except BaseException:
            await self.close()
            raise

    async def create(self, run: Run) -> Run:
        """Insert the run, or return the existing run of its trigger's key.

        Raises `StoreConflict` if the id is in use.
        """

        def work(connection: SqlConnection) -> Run:
            same = connection.execute(
                "SELECT * FROM runs WHERE trigger_key = ?", (run.trigger.key,)
            ).fetchone()
            if same is not None:
                return run_from(same)
            existing = connection.execute("SELECT 1 FROM runs WHERE id = ?", (run.id,)).fetchone()
            if existing is not None:
                raise StoreConflict(f"The run id {run.id} is already in use; choose another one.")
            insert_run(connection, run)
            return run

        return await self._database.write(work)

    async def get(self, run_id: str) -> Run:
        """Return the run. Raises `UnknownRun`."""
        return await self._database.read(lambda connection: _run(connection, run_id))

    async def save(self, run: Run, *records: Record) -> Run:
        """Write the run and append its records.

        Raises `StoreConflict` if the run has changed since.
        """
        rows = await _redact_records(records)

        def work(connection: SqlConnection) -> Run:
            stored = _run(connection, run.id)
            if stored.version != run.version:
                raise StoreConflict(
                    f"Run {run.id} was changed by another writer meanwhile "
                    f"(version {stored.version}, not {run.version})."
                )
            if stored.trigger.key != run.trigger.key:
                raise StoreConflict(f"Run {run.id} was started by another trigger.")
            saved = run.model_copy(
                update={"version": run.version + 1, "lease_until": _get_latest_lease(stored, run)}
            )
            update_run(connection, saved)
            for record in rows:
                append_record(connection, saved, record)
            return saved

        return await self._database.write(work)

    async def append(self, run_id: str, *records: Record) -> None:
        """Append records without changing the run."""
        rows = await _redact_records(records)

        def work(connection: SqlConnection) -> None:
            run = _run(connection, run_id)
            for record in rows:
                append_record(connection, run, record)

        await self._database.write(work)

    async def get_history(self, run_id: str) -> History:
        """Return the newest record of each kind."""

        def work(connection: SqlConnection) -> History:
            _run(connection, run_id)
            return load_history(connection, run_id)

        return await self._database.read(work)

    async def get_histories(self, run_ids: Collection[str]) -> Mapping[str, History]:
        """Return the histories of these runs; unknown ids are left out."""
        return await self._database.read(lambda connection: load_histories(connection, run_ids))

    async def find(
        self,
        *,
        status: Collection[Status] | None = None,
        thread_id: int | None = None,
        limit: int = 50,
    ) -> tuple[Run, ...]:
        """Return matching runs, newest first."""
        conditions, values = ["1 = 1"], list[object]()
        if status is not None:
            conditions.append(f"status IN ({', '.join('?' * len(status)) or 'NULL'})")
            values.extend(member.value for member in status)
        if thread_id is not None:
            conditions.append("thread_id = ?")
            values.append(thread_id)
        sql = (
            f"SELECT * FROM runs WHERE {' AND '.join(conditions)} "  # noqa: S608  # ours, no values
            "ORDER BY created_at DESC, rowid DESC LIMIT ?"
        )
        rows = await self._database.read(
            lambda connection: connection.execute(sql, (*values, limit)).fetchall()
        )
        return tuple(run_from(row) for row in rows)

    async def find_versions(
        self, *, status: Collection[Status], limit: int = 50
    ) -> Mapping[str, int]:
        """Return the versions of matching runs by id, newest first, without reading the runs."""
        places = ", ".join("?" * len(status)) or "NULL"
        sql = (
            f"SELECT id, version FROM runs WHERE status IN ({places}) "  # noqa: S608  # no values
            "ORDER BY created_at DESC, rowid DESC LIMIT ?"
        )
        values = (*(member.value for member in status), limit)
        rows = await self._database.read(
            lambda connection: connection.execute(sql, values).fetchall()
        )
        return {row["id"]: row["version"] for row in rows}

    async def lease_next(self, owner: str, until: datetime, lane: Lane = Lane.SEARCH) -> Run | None:
        """Lease the most urgent queued run; the oldest one if several are equally urgent."""

        def work(connection: SqlConnection) -> Run | None:
            rows = connection.execute(
                "SELECT * FROM runs WHERE status = ? ORDER BY created_at, rowid",
                (Status.QUEUED.value,),
            )
            eligible = [run for run in map(run_from, rows) if get_lane(run) <= lane]
            if not eligible:
                return None
            # `min` takes the first of equally urgent runs, which is the oldest.
            queued = min(eligible, key=get_lane)
            version = queued.version + 1
            leased = move(
                queued, Edge.LEASED, lease_owner=owner, lease_until=until, version=version
            )
            update_run(connection, leased)
            return leased

        return await self._database.write(work)

    async def extend_lease(self, run_id: str, owner: str, until: datetime) -> bool:
        """Extend a lease if this owner still has it; return whether it was extended."""

        def work(connection: SqlConnection) -> bool:
            run = _run(connection, run_id)
            if run.lease_owner != owner or run.status is not Status.RUNNING:
                return False
            if run.lease_until is None or run.lease_until < until:
                connection.execute(
                    "UPDATE runs SET lease_until = ? WHERE id = ?", (stamp(until), run_id)
                )
            return True

        return await self._database.write(work)

    async def approve(self, approval: Approval) -> Approval:
        """Record the first approval of a head; later approvals return the first one."""

        def work(connection: SqlConnection) -> Approval:
            _run(connection, approval.run_id)
            first = _load_approval(connection, approval.run_id, approval.head)
            if first is not None:
                return first
            connection.execute(
                "INSERT INTO approvals (run_id, head, person_id, at, body) VALUES (?, ?, ?, ?, ?)",
                (
                    approval.run_id,
                    approval.head,
                    approval.person.id,
                    stamp(approval.at),
                    dump_record(approval),
                ),
            )
            return approval

        return await self._database.write(work)

    async def get_approval(self, run_id: str, head: str) -> Approval | None:
        """Return the approval of exactly that head, or `None`."""
        return await self._database.read(
            lambda connection: _load_approval(connection, run_id, head)
        )

    async def append_audit_entry(self, entry: AuditEntry) -> None:
        """Append to the audit log, chained to the previous entry and sealed."""
        await self._audited.append(entry)

    async def list_audit_entries(
        self,
        *,
        run_id: str | None = None,
        person_id: int | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """Return the newest matching entries, newest first."""
        return await self._database.read(
            lambda connection: _audit.list_newest(connection, run_id, person_id, since, limit)
        )

    async def verify_audit_log(
        self,
        heads: Sequence[AuditHead] = (),
        *,
        tail: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> AuditState:
        """Check the complete log, or its last `tail` entries; report progress now and then."""
        return await self._audited.check(heads, tail, on_progress)

    async def iterate_audit(self, *, since: datetime | None = None) -> AsyncIterator[AuditRow]:
        """Yield the raw rows, oldest first, for an export."""
        async for row in self._audited.iterate_rows(since):
            yield row

    async def accept_audit_break(self, entry: AuditEntry) -> None:
        """Accept the present break: from this entry on the log counts as intact."""
        await self._audited.append(entry.replace(action=ACCEPTED), force=True)

    async def forget_runs(self, older_than: datetime) -> tuple[str, ...]:
        """Remove runs that had ended before then, with all their records; return their ids."""
        before = stamp(older_than)

        def work(connection: SqlConnection) -> tuple[str, ...]:
            marks = ", ".join("?" * len(FINAL_STATUSES))
            rows = connection.execute(
                f"SELECT * FROM runs WHERE status IN ({marks}) AND created_at < ?",  # noqa: S608
                (*(status.value for status in FINAL_STATUSES), before),
            ).fetchall()
            expired = tuple(run.id for run in map(run_from, rows) if run.updated_at < older_than)
            connection.execute("UPDATE retention SET before = ?", (before,))
            for run_id in expired:
                for table in ("stage_records", "approvals"):
                    connection.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))  # noqa: S608
                connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
            connection.execute("UPDATE retention SET before = ''")
            return expired

        return await self._database.write(work)

    async def forget_audit_entries(self, older_than: datetime, now: datetime) -> int:
        """Remove older entries with a checkpoint; return their number."""
        return await self._audited.forget(older_than, now)


async def _redact_records(records: Sequence[Record]) -> Sequence[WrittenRow]:
    """Return records as rows; a thread redacts them, because long outputs take time."""
    return (
        await asyncio.to_thread(lambda: [redact_record(record) for record in records])
        if records
        else ()
    )


def _run(connection: SqlConnection, run_id: str) -> Run:
    row = connection.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise UnknownRun(f"There is no run {run_id}. `/runs list` shows the existing runs.")
    return run_from(row)


def _get_latest_lease(stored: Run, run: Run) -> datetime | None:
    """Return the end of the lease: a heartbeat since `run` was read must not be lost."""
    if run.lease_until is None or stored.lease_until is None:
        return run.lease_until
    if run.lease_owner != stored.lease_owner:
        return run.lease_until
    return max(run.lease_until, stored.lease_until)


def _load_approval(connection: SqlConnection, run_id: str, head: str) -> Approval | None:
    row = connection.execute(
        "SELECT body FROM approvals WHERE run_id = ? AND head = ?", (run_id, head)
    ).fetchone()
    return None if row is None else parse(Approval, row["body"], f"run {run_id}")

"""The audit log: coordinates the rows in the database with the anchor files."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from bot.adapters.sqlite_store import _audit
from bot.adapters.sqlite_store._audit_anchor import Anchor
from bot.adapters.sqlite_store._audit_check import AuditChainCheck
from bot.adapters.sqlite_store._audit_notes import find_changed_note
from bot.adapters.sqlite_store._audit_rows import AuditRow
from bot.domain.audit import LOST, AuditEntry, AuditHead, AuditState
from bot.domain.errors import StoreError
from bot.infra.database import SqlConnection, SqlDatabase

_CHUNK = 2_000  # rows read at once; other queries run in between


class AuditLog:
    """Writes entries before the anchor; reads the anchor before the entries.

    So the anchor is never ahead of what a check finds, whenever a process is killed.
    """

    def __init__(self, database: SqlDatabase, anchor: Anchor) -> None:
        self._database = database
        self._anchor = anchor

    async def open(self) -> None:
        """Load the key, and start an empty log. Raises `ConfigError`."""
        end, has_sealed = await self._database.read(_audit.read_head)
        try:
            await asyncio.to_thread(self._anchor.open, end, sealed_rows=has_sealed)
        except OSError as error:
            raise _build_anchor_error(error) from error

    async def append(self, entry: AuditEntry, *, force: bool = False) -> None:
        """Append one entry; with `force` the anchor moves to it from any position."""
        head = await asyncio.to_thread(self._anchor.read_head)
        try:
            end, head = await self._database.write(
                lambda connection: (
                    self._append(connection, entry),
                    head if _audit.is_known(connection, head) else None,
                )
            )
        except OSError as error:
            raise _build_anchor_error(error) from error
        await self._move_anchor(head, end, force=force)

    def _append(self, connection: SqlConnection, entry: AuditEntry) -> AuditHead:
        """Append within the transaction: first a note about a lost entry if there is one."""
        key, begun = self._anchor.key, self._anchor.read_begun()
        if begun is not None and begun.number > _audit.end(connection).number:
            _audit.append(connection, _build_lost_entry(begun, entry), key)
        end = _audit.append(connection, entry, key)
        self._anchor.begin(end)
        return end

    async def forget(self, older_than: datetime, now: datetime) -> int:
        """Remove older entries with a checkpoint; return their number."""
        head = await asyncio.to_thread(self._anchor.read_head)
        head, (removed, end) = await self._database.write(
            lambda connection: (
                head if _audit.is_known(connection, head) else None,
                _audit.forget(connection, older_than, now, self._anchor.key),
            )
        )
        if removed:
            await self._move_anchor(head, end)
        return removed

    async def check(
        self,
        heads: Sequence[AuditHead],
        tail: int | None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> AuditState:
        """Check the complete log, or its last `tail` entries."""
        anchor = await asyncio.to_thread(self._anchor.read_head)
        end = await self._database.read(_audit.end)
        beyond = 0 if tail is None else max(end.number - tail, 0)
        all_heads = heads if anchor is None else (anchor, *heads)
        check = AuditChainCheck(self._anchor.key, all_heads, from_the_start=beyond == 0)
        async for row in self.iterate_rows(None, beyond):
            check.take(row)
            if on_progress and (row.number % _CHUNK == 0 or row.number == end.number):
                on_progress(row.number, end.number)
        state = check.finish(anchor, anchored=True)
        if state.broken is None:
            after = max(beyond, check.accepted_number)
            changed = await self._database.read(
                lambda connection: find_changed_note(connection, after)
            )
            state = state.replace(broken=changed)
        return state

    async def iterate_rows(
        self, since: datetime | None, beyond: int = 0
    ) -> AsyncIterator[AuditRow]:
        """Yield rows, oldest first."""
        while True:
            after = beyond
            rows = await self._database.read(
                lambda connection: _audit.list_rows(connection, since, after, _CHUNK)  # noqa: B023  # awaited
            )
            for row in rows:
                yield row
            if len(rows) < _CHUNK:
                return
            beyond = rows[-1].number

    async def _move_anchor(
        self, known: AuditHead | None, end: AuditHead, *, force: bool = False
    ) -> None:
        try:
            if force:
                await asyncio.to_thread(self._anchor.force, end)
            else:
                await asyncio.to_thread(self._anchor.advance, known, end)
        except OSError as error:
            raise _build_anchor_error(error) from error


def _build_lost_entry(head: AuditHead, entry: AuditEntry) -> AuditEntry:
    """Return the entry that reports a lost entry."""
    note = (
        f"entry {head.number} ({head.hash}) was begun but is missing: I ended before it was "
        "stored, or it was cut off"
    )
    return AuditEntry(at=entry.at, action=LOST, allowed=True, note=note)


_REMEDIES = {
    errno.ENOSPC: "Free some space there.",
    errno.EDQUOT: "Free some space there.",
    errno.EMFILE: "I have too many files open: raise the limit (ulimit -n), or restart me.",
    errno.ENFILE: "The machine has too many files open: end some of its programs.",
}


def _build_anchor_error(error: OSError) -> StoreError:
    remedy = _REMEDIES.get(error.errno or 0, "Let this user write there.")
    return StoreError(
        f"I cannot write the audit log's {error.filename} ({error.strerror}), and do nothing that "
        f"is not in the log. {remedy} Then ask again."
    )

"""The audit log: its rows in the database, its anchor beside it, in the right order."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from bot.adapters.sqlite_store import _audit
from bot.adapters.sqlite_store._audit_anchor import Anchor
from bot.adapters.sqlite_store._audit_check import AuditChainCheck
from bot.adapters.sqlite_store._audit_notes import find_changed_note
from bot.adapters.sqlite_store._audit_rows import AuditRow
from bot.domain.audit import LOST, AuditEntry, AuditHead, AuditState
from bot.domain.errors import StoreError
from bot.infra.sqlite import Database

_CHUNK = 2_000  # rows read at once; others get their turn in between


class AuditLog:
    """Writes entries before it writes where they end; reads where they end before it reads them.

    So whatever is killed when, the anchor is never ahead of what a check finds.
    """

    def __init__(self, database: Database, anchor: Anchor) -> None:
        self._database = database
        self._anchor = anchor

    async def open(self) -> None:
        """Load the key, and begin where nothing has begun. Raises `ConfigError`."""
        end, has_sealed = await self._database.read(_audit.read_head)
        try:
            await asyncio.to_thread(self._anchor.open, end, sealed_rows=has_sealed)
        except OSError as error:
            raise _build_anchor_error(error) from error

    async def append(self, entry: AuditEntry, *, force: bool = False) -> None:
        """Append one entry; with `anew` the anchor moves here from wherever it was."""
        known = await asyncio.to_thread(self._anchor.read_head)
        try:
            end, known = await self._database.write(
                lambda connection: (
                    self._append(connection, entry),
                    known if _audit.is_known(connection, known) else None,
                )
            )
        except OSError as error:
            raise _build_anchor_error(error) from error
        await self._move_anchor(known, end, force=force)

    def _append(self, connection: sqlite3.Connection, entry: AuditEntry) -> AuditHead:
        """Append within the transaction: what was begun before and is not there, then the entry."""
        key, begun = self._anchor.key, self._anchor.read_begun()
        if begun is not None and begun.number > _audit.end(connection).number:
            _audit.append(connection, _build_lost_entry(begun, entry), key)
        end = _audit.append(connection, entry, key)
        self._anchor.begin(end)
        return end

    async def forget(self, older_than: datetime, now: datetime) -> int:
        """Remove older entries behind a checkpoint; return how many."""
        known = await asyncio.to_thread(self._anchor.read_head)
        known, (gone, end) = await self._database.write(
            lambda connection: (
                known if _audit.is_known(connection, known) else None,
                _audit.forget(connection, older_than, now, self._anchor.key),
            )
        )
        if gone:
            await self._move_anchor(known, end)
        return gone

    async def check(
        self,
        heads: Sequence[AuditHead],
        tail: int | None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> AuditState:
        """Check all of it, or its last `tail` entries."""
        anchor = await asyncio.to_thread(self._anchor.read_head)
        end = await self._database.read(_audit.end)
        beyond = 0 if tail is None else max(end.number - tail, 0)
        known = heads if anchor is None else (anchor, *heads)
        check = AuditChainCheck(self._anchor.key, known, from_the_start=beyond == 0)
        async for row in self.iterate_rows(None, beyond):
            check.take(row)
            if on_progress and (row.number % _CHUNK == 0 or row.number == end.number):
                on_progress(row.number, end.number)
        state = check.finish(anchor, anchored=True)
        if state.broken is None:
            after = max(beyond, check.accepted_number)
            changed = await self._database.read(lambda each: find_changed_note(each, after))
            state = state.replace(broken=changed)
        return state

    async def iterate_rows(
        self, since: datetime | None, beyond: int = 0
    ) -> AsyncIterator[AuditRow]:
        """Yield rows, oldest first."""
        while True:
            at = beyond
            found = await self._database.read(
                lambda connection: _audit.list_rows(connection, since, at, _CHUNK)  # noqa: B023  # awaited
            )
            for row in found:
                yield row
            if len(found) < _CHUNK:
                return
            beyond = found[-1].number

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
    """Return the entry that tells of one that is not there."""
    note = (
        f"entry {head.number} ({head.hash}) was begun and is not there: I ended before it was "
        "kept, or it was cut off then"
    )
    return AuditEntry(at=entry.at, action=LOST, allowed=True, note=note)


def _build_anchor_error(error: OSError) -> StoreError:
    return StoreError(
        f"Where the audit log ends cannot be kept in {error.filename} ({error.strerror}). Make "
        "room there, or give this user the right to write."
    )

"""Stores charges: they are appended, summed, and removed when old, but never changed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar

import structlog

from bot.adapters.sqlite_ledger._ownership import LedgerFileLock, LedgerLock
from bot.adapters.sqlite_ledger._rows import (
    ESTIMATED,
    SUMS,
    as_body,
    insert,
    parse_charge,
    read_total,
    tally,
)
from bot.adapters.sqlite_ledger._schema import MIGRATIONS
from bot.adapters.sqlite_ledger._sums import ChargeFilter, CostTable
from bot.domain.account import Charge
from bot.domain.cost import Cost
from bot.domain.errors import ConfigError, StoreError
from bot.domain.spending import MOST_TOKENS, MOST_USD, ChargeSum
from bot.infra.database import SqlConnection, SqlDatabase, stamp
from bot.infra.sqlite import Database, replace_surrogates

T = TypeVar("T")
_BY_DAY = f"""
    SELECT substr(at, 1, 10) AS day, purpose, person_id, run_id, model,
        count(*) FILTER (WHERE outcome != 'refused') AS requests,
        count(*) FILTER (WHERE outcome = 'refused') AS refused,
        {SUMS}, {ESTIMATED} AS estimated
    FROM charges WHERE at >= ? GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""  # noqa: S608 # constants, no values
_log = structlog.stdlib.get_logger(__name__)


class _Owned(StoreError):
    """Another program writes this ledger."""


class SqlLedger:
    """Implements `bot.ports.ledger.Ledger` on a database.

    The first program owns it by a lock that is released when it ends. Only the owner writes; others
    may read. So the owner can cache sums in memory. A database that cannot be used does not raise
    an error at opening: opening is tried again with each call.
    """

    def __init__(self, database: SqlDatabase, lock: LedgerLock) -> None:
        self.database = database
        self._lock = lock
        self._opening = asyncio.Lock()
        self._is_open = False
        self._is_owner = False
        self._sums = CostTable()

    async def __aenter__(self) -> Self:
        try:
            await self._ensure_open()
        except StoreError as error:
            _log.error("no model requests are possible: %s", error)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Release the ledger for other programs until the next call; safe to repeat."""
        self._is_open = self._is_owner = False
        self._sums = CostTable()
        await self.database.close()
        self._lock.release()

    async def hold(self, charge: Charge) -> None:
        """Store a charge in case the program dies before the request's result is known."""

        def work(connection: SqlConnection) -> None:
            row = (replace_surrogates(charge.id), as_body(charge))
            connection.execute(
                "INSERT INTO holds (id, body) VALUES (?, ?)"
                " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                row,
            )

        await self._write(work, flushed=False)

    async def charge(self, *charges: Charge) -> None:
        """Append charges in one transaction; a charge with a known id is ignored."""
        for charge in charges:
            _look_at(charge)

        def work(connection: SqlConnection) -> list[Charge]:
            new = [charge for charge in charges if insert(connection, charge)]
            for charge in charges:
                connection.execute(
                    "DELETE FROM holds WHERE id = ?", (replace_surrogates(charge.id),)
                )
            return new

        paid = any(charge.cost_usd or charge.tokens_in or charge.tokens_out for charge in charges)
        try:
            new = await self._write(work, flushed=paid)
        except BaseException:
            self._sums = CostTable()  # the charge may have been written nevertheless
            raise
        for charge in new:
            self._sums.add(charge)

    async def sum_costs(
        self,
        *,
        run_id: str | None = None,
        person_id: int | None = None,
        since: datetime | None = None,
    ) -> Cost:
        """Return the sum of the matching charges."""
        which, sums = ChargeFilter(run_id, person_id, since), self._sums
        cached = sums.get(which)
        if cached is not None:
            return cached
        # The database has one thread and answers in order, so no charge can be added between
        # reading this sum and caching it. If a write has failed meanwhile, `self._sums` is a new
        # table, and this sum goes to the old one.
        total = await self._read(lambda connection: read_total(connection, which))
        if self._is_owner:
            sums.put(which, total)
        return total

    async def list_charges(self, *, since: datetime, limit: int = 1_000) -> Sequence[Charge]:
        """Return charges, newest first."""

        def work(connection: SqlConnection) -> tuple[Charge, ...]:
            rows = connection.execute(
                "SELECT body FROM charges WHERE at >= ? ORDER BY at DESC, number DESC LIMIT ?",
                (stamp(since), limit),
            )
            return tuple(parse_charge(row["body"]) for row in rows)

        return await self._read(work)

    async def sum_charges(self, *, since: datetime) -> Sequence[ChargeSum]:
        """Return charges summed by day, account and model."""

        def work(connection: SqlConnection) -> tuple[ChargeSum, ...]:
            rows = connection.execute(_BY_DAY, (stamp(since),))
            return tuple(tally(row) for row in rows)

        return await self._read(work)

    async def forget(self, older_than: datetime) -> int:
        """Remove older charges; their amounts stay in the sums of runs and people."""

        def work(connection: SqlConnection) -> int:
            before = stamp(older_than)
            connection.execute(
                "INSERT INTO forgotten SELECT coalesce(run_id, ''), person_id, sum(cost_usd),"
                " sum(tokens_in), sum(tokens_out) FROM charges WHERE at < ? GROUP BY 1, 2"
                " ON CONFLICT (run_id, person_id) DO UPDATE SET"
                " cost_usd = forgotten.cost_usd + excluded.cost_usd,"
                " tokens_in = forgotten.tokens_in + excluded.tokens_in,"
                " tokens_out = forgotten.tokens_out + excluded.tokens_out",
                (before,),
            )
            connection.execute("UPDATE retention SET before = ?", (before,))
            removed = connection.execute("DELETE FROM charges WHERE at < ?", (before,)).rowcount
            connection.execute("UPDATE retention SET before = ''")
            connection.execute("DELETE FROM begun WHERE at < ?", (before,))
            return removed

        try:
            return await self._write(work)
        finally:
            self._sums = CostTable()

    async def begin(
        self, run_key: str, agent: str, now: datetime, *, window: timedelta, most: int
    ) -> datetime | None:
        """Record that an engine begins a change, if its limit allows it.

        Returns `None` if it may begin, else the time when it may.
        """

        def work(connection: SqlConnection) -> datetime | None:
            key, since = replace_surrogates(run_key), stamp(now - window)
            known_query = "SELECT 1 FROM begun WHERE run_key = ? AND agent = ?"
            if connection.execute(known_query, (key, agent)).fetchone() is not None:
                return None
            recent = connection.execute(
                "SELECT at FROM begun WHERE agent = ? AND at > ? ORDER BY at DESC LIMIT ?",
                (agent, since, most),
            ).fetchall()
            if len(recent) < most:
                connection.execute("INSERT INTO begun VALUES (?, ?, ?)", (key, agent, stamp(now)))
                return None
            oldest = datetime.fromisoformat(recent[-1]["at"]) if recent else now
            return min(oldest, now) + window

        return await self._write(work)

    async def count_changes(self, since: datetime) -> Mapping[str, int]:
        """Return the number of changes that each agent began."""

        def work(connection: SqlConnection) -> dict[str, int]:
            rows = connection.execute(
                "SELECT agent, count(*) AS count FROM begun WHERE at > ? GROUP BY agent",
                (stamp(since),),
            )
            return {row["agent"]: row["count"] for row in rows}

        return await self._read(work)

    async def _read(self, work: Callable[[SqlConnection], T]) -> T:
        await self._ensure_open()
        return await self.database.read(work)

    async def _write(self, work: Callable[[SqlConnection], T], *, flushed: bool = True) -> T:
        await self._ensure_open()

        def work_as_owner(connection: SqlConnection) -> T:
            self._take(connection)
            return work(connection)

        return await self.database.write(work_as_owner, flushed=flushed)

    async def _ensure_open(self) -> None:
        if self._is_open and self._is_owner:
            return
        async with self._opening:
            if not self._is_open:
                try:
                    await self.database.open()
                except ConfigError as error:
                    raise StoreError(str(error)) from error
                self._is_open = True
            if not self._is_owner:
                await self._take_ownership()

    async def _take_ownership(self) -> None:
        """Become the only writer if there is none, and charge requests that a dead program left."""

        def work(connection: SqlConnection) -> int:
            self._take(connection)
            return _charge_lost(connection)

        try:
            lost = await self.database.write(work)
        except _Owned:
            return
        self._is_owner = True
        if lost:
            _log.warning(
                "charged %d requests that were in progress when the last program died", lost
            )

    def _take(self, connection: SqlConnection) -> None:
        """Become or stay the owner, else raise `StoreError`.

        What another owner has added is not in the cache.
        """
        ownership = self._lock.take(connection)
        if ownership != "kept":
            self._sums = CostTable()
        if ownership == "other":
            self._is_owner = False
            raise _Owned(
                f"Another program uses the ledger {self.database.path}, and both would spend the "
                "same budget. Stop it, or set another THESEUS_STATE for this one (or another "
                "database in THESEUS_STATE_URL)."
            )


class SqliteLedger(SqlLedger):
    """The ledger in a file of SQLite."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(path, MIGRATIONS, error=StoreError), LedgerFileLock(path))


def _charge_lost(connection: SqlConnection) -> int:
    bodies = [row["body"] for row in connection.execute("SELECT body FROM holds")]
    connection.execute("DELETE FROM holds")
    return sum(insert(connection, parse_charge(body)) for body in bodies)


def _look_at(charge: Charge) -> None:
    if not charge.cost_usd <= MOST_USD or max(charge.tokens_in, charge.tokens_out) > MOST_TOKENS:
        raise StoreError(f"The charge {charge.id} is larger than any request can be.")

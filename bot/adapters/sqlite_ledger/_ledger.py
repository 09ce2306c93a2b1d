"""Charges in SQLite: appended, added up, forgotten when they are old, and never changed."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar

from pydantic import ValidationError

from bot.adapters._sqlite import Database, Work
from bot.adapters.sqlite_ledger._schema import MIGRATIONS
from bot.domain.account import Account, Charge
from bot.domain.errors import ConfigError, StoreError
from bot.domain.spending import MOST_TOKENS, MOST_USD, Tally
from bot.domain.spent import Spent
from bot.telemetry import redact

T = TypeVar("T")
_log = logging.getLogger(__name__)

_SUMS = "coalesce(sum(cost_usd), 0), coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0)"


class SqliteLedger:
    """Implements `bot.ports.ledger.Ledger` on one file, which other processes may have open too.

    A file that cannot be used raises nothing on opening: it is tried again with each call.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path, MIGRATIONS, error=StoreError)
        self._opening = asyncio.Lock()
        self._is_open = False

    async def __aenter__(self) -> Self:
        try:
            await self._ready()
        except StoreError as error:
            _log.error("no model is asked anything: %s", error)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_open = False
        await self._database.close()

    async def charge(self, charge: Charge) -> None:
        """Append one; the same id again changes nothing."""
        tokens = max(charge.tokens_in, charge.tokens_out)
        if not charge.cost_usd <= MOST_USD or tokens > MOST_TOKENS:
            raise StoreError(f"The charge {charge.id} is larger than any request can be.")

        def work(connection: sqlite3.Connection) -> None:
            known = connection.execute("SELECT 1 FROM charges WHERE id = ?", (_text(charge.id),))
            if known.fetchone() is None:
                _insert(connection, charge)

        await self._write(work)

    async def spent(
        self,
        *,
        run_id: str | None = None,
        person_id: int | None = None,
        since: datetime | None = None,
    ) -> Spent:
        """Return the sum of what fits."""
        terms: list[tuple[str, object]] = []
        if run_id is not None:
            terms.append(("run_id = ?", _text(run_id)))
        if person_id is not None:
            terms.append(("person_id = ?", person_id))
        lasting = _where(terms)
        if since is not None:
            terms.append(("at >= ?", _stamp(since)))
        fitting = _where(terms)

        def work(connection: sqlite3.Connection) -> Spent:
            total = _summed(connection, "charges", *fitting)
            return (
                total
                if since is not None
                else total.plus(_summed(connection, "forgotten", *lasting))
            )

        return await self._read(work)

    async def charges(self, *, since: datetime, limit: int = 1_000) -> Sequence[Charge]:
        """Return charges, newest first."""

        def work(connection: sqlite3.Connection) -> tuple[Charge, ...]:
            rows = connection.execute(
                "SELECT body FROM charges WHERE at >= ? ORDER BY at DESC, number DESC LIMIT ?",
                (_stamp(since), limit),
            )
            return tuple(_parsed(row["body"]) for row in rows)

        return await self._read(work)

    async def tallies(self, *, since: datetime) -> Sequence[Tally]:
        """Return charges added up."""

        def work(connection: sqlite3.Connection) -> tuple[Tally, ...]:
            rows = connection.execute(
                "SELECT substr(at, 1, 10) AS day, purpose, person_id, run_id, model,"
                " sum(outcome != 'refused') AS requests, sum(outcome = 'refused') AS refused,"
                " sum(cost_usd) AS cost_usd, sum(tokens_in) AS tokens_in,"
                " sum(tokens_out) AS tokens_out FROM charges WHERE at >= ?"
                " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
                (_stamp(since),),
            )
            return tuple(_tally(row) for row in rows)

        return await self._read(work)

    async def forget(self, older_than: datetime) -> int:
        """Remove what is older; the sums of runs keep it."""

        def work(connection: sqlite3.Connection) -> int:
            before = _stamp(older_than)
            connection.execute(
                "INSERT INTO forgotten SELECT coalesce(run_id, ''), person_id, sum(cost_usd),"
                " sum(tokens_in), sum(tokens_out) FROM charges WHERE at < ? GROUP BY 1, 2"
                " ON CONFLICT DO UPDATE SET cost_usd = cost_usd + excluded.cost_usd,"
                " tokens_in = tokens_in + excluded.tokens_in,"
                " tokens_out = tokens_out + excluded.tokens_out",
                (before,),
            )
            connection.execute("UPDATE retention SET before = ?", (before,))
            gone = connection.execute("DELETE FROM charges WHERE at < ?", (before,)).rowcount
            connection.execute("UPDATE retention SET before = ''")
            connection.execute("DELETE FROM begun WHERE at < ?", (before,))
            return gone

        return await self._write(work)

    async def begin(
        self, run_key: str, agent: str, now: datetime, *, window: timedelta, most: int
    ) -> datetime | None:
        """Note that an engine begins a change, if it may."""

        def work(connection: sqlite3.Connection) -> datetime | None:
            key, since = _text(run_key), _stamp(now - window)
            known = "SELECT 1 FROM begun WHERE run_key = ? AND agent = ?"
            if connection.execute(known, (key, agent)).fetchone() is not None:
                return None
            lately = connection.execute(
                "SELECT at FROM begun WHERE agent = ? AND at > ? ORDER BY at DESC LIMIT ?",
                (agent, since, most),
            ).fetchall()
            if len(lately) < most:
                connection.execute("INSERT INTO begun VALUES (?, ?, ?)", (key, agent, _stamp(now)))
                return None
            oldest = datetime.fromisoformat(lately[-1]["at"]) if lately else now
            return min(oldest, now) + window

        return await self._write(work)

    async def begun(self, since: datetime) -> Mapping[str, int]:
        """Return how many changes each agent began."""

        def work(connection: sqlite3.Connection) -> dict[str, int]:
            rows = connection.execute(
                "SELECT agent, count(*) AS count FROM begun WHERE at > ? GROUP BY agent",
                (_stamp(since),),
            )
            return {row["agent"]: row["count"] for row in rows}

        return await self._read(work)

    async def _read(self, work: Work[T]) -> T:
        await self._ready()
        return await self._database.read(work)

    async def _write(self, work: Work[T]) -> T:
        await self._ready()
        return await self._database.write(work)

    async def _ready(self) -> None:
        if self._is_open:
            return
        async with self._opening:
            if not self._is_open:
                try:
                    await self._database.open()
                except ConfigError as error:
                    raise StoreError(str(error)) from error
                self._is_open = True


def _insert(connection: sqlite3.Connection, charge: Charge) -> None:
    account = charge.account
    connection.execute(
        "INSERT INTO charges (id, at, run_id, person_id, purpose, model, outcome, cost_usd,"
        " tokens_in, tokens_out, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            _text(charge.id),
            _stamp(charge.at),
            None if account.run_id is None else _text(account.run_id),
            account.person_id,
            account.purpose,
            _text(charge.model),
            charge.outcome,
            charge.cost_usd,
            charge.tokens_in,
            charge.tokens_out,
            charge.but(
                id=_text(charge.id), model=_text(charge.model), note=_text(redact(charge.note))
            ).model_dump_json(),
        ),
    )


def _where(terms: Sequence[tuple[str, object]]) -> tuple[str, tuple[object, ...]]:
    return " AND ".join(["1", *(term for term, _ in terms)]), tuple(value for _, value in terms)


def _summed(
    connection: sqlite3.Connection, table: str, where: str, values: tuple[object, ...]
) -> Spent:
    sql = f"SELECT {_SUMS} FROM {table} WHERE {where}"  # noqa: S608  ours, no values
    usd, tokens_in, tokens_out = connection.execute(sql, values).fetchone()
    return Spent(cost_usd=usd, tokens_in=tokens_in, tokens_out=tokens_out)


def _tally(row: sqlite3.Row) -> Tally:
    account = Account(purpose=row["purpose"], person_id=row["person_id"], run_id=row["run_id"])
    sums = ("model", "requests", "refused", "cost_usd", "tokens_in", "tokens_out")
    return Tally(
        day=date.fromisoformat(row["day"]),
        account=account,
        **{name: row[name] for name in sums},
    )


def _parsed(body: str) -> Charge:
    try:
        return Charge.model_validate_json(body)
    except ValidationError as error:
        raise StoreError(
            "A charge in the ledger cannot be read by this version of Theseus.", detail=str(error)
        ) from error


def _stamp(at: datetime) -> str:
    """Return a time as text that sorts: UTC, six digits of microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _text(text: str) -> str:
    """Return the text without lone surrogates, which SQLite cannot hold."""
    return text.encode("utf-8", "replace").decode()

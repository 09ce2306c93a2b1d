"""Who leads, in a schema of its own: not part of the state, so no copy or restore changes it.

The leader holds a lock of its connection: if its process or machine ends, the server releases it.
The lock only says when to take over. What keeps a former leader from acting is the number (epoch).
"""

from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, dict_row

from bot.domain.gateway_session import GatewaySession
from bot.domain.leadership import Leader
from bot.domain.postgres_place import PostgresPlace
from bot.infra.postgres import get_schema_lock

FENCED = "TH001"
"""The SQLSTATE of a writer that no longer leads."""

_CONNECT_SECONDS = 3
_UNREACHABLE_MS = 4_000
_ATTEMPTS = 3
# The server notices a dead machine within five seconds. A claim may be lost if the server itself
# crashes within the second, so it does not wait for the disk.
_SETTINGS = """
    SET search_path TO {schema};
    SET synchronous_commit = off;
    SET statement_timeout = '4s';
    SET lock_timeout = '1s';
    SET client_min_messages = warning;
    SET tcp_keepalives_idle = 2;
    SET tcp_keepalives_interval = 1;
    SET tcp_keepalives_count = 2;
    SET tcp_user_timeout = 4000;
"""
_TABLES = """
    CREATE SCHEMA IF NOT EXISTS {schema};
    SET LOCAL search_path TO {schema};
    CREATE TABLE IF NOT EXISTS leadership (
        name text PRIMARY KEY CHECK (name = 'bot'), epoch bigint NOT NULL, place text NOT NULL,
        commit text NOT NULL, since timestamptz NOT NULL DEFAULT now(), beat bigint NOT NULL,
        heir text NOT NULL DEFAULT '', retiring bigint,
        session_id text, sequence bigint, gateway_url text
    ) WITH (fillfactor = 30);
    CREATE OR REPLACE FUNCTION check_epoch(wanted bigint) RETURNS void LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$ BEGIN
        PERFORM pg_advisory_xact_lock_shared({writers});
        IF NOT EXISTS (SELECT 1 FROM leadership WHERE wanted IN (epoch, retiring)) THEN
            RAISE EXCEPTION USING ERRCODE = {fenced}, MESSAGE = 'another process leads';
        END IF;
    END $$;
"""
# `retiring` stays for a predecessor that hands over: it may finish its answers.
_LEAD = """
    INSERT INTO leadership (name, epoch, place, commit, beat)
    VALUES ('bot', 1, %(place)s, %(commit)s, 1)
    ON CONFLICT (name) DO UPDATE SET
        retiring = CASE WHEN leadership.heir = excluded.place THEN leadership.epoch END,
        epoch = leadership.epoch + 1, place = excluded.place, commit = excluded.commit,
        since = now(), beat = leadership.beat + 1, heir = ''
    RETURNING *
"""
_HOLDERS = """
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid <> pg_backend_pid()
        AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid::bigint = %(high)s AND objid::bigint = %(low)s
"""


def get_leader_schema(schema: str) -> str:
    """Return the name of the schema that says who leads in this schema."""
    return f"{schema}_leader"


def format_epoch_check(schema: str, epoch: int) -> str:
    """Return the statement with which a transaction of another epoch fails."""
    return f'SELECT "{get_leader_schema(schema)}".check_epoch({epoch:d})'


class LeaderConnection:
    """The connection that holds the leader's lock. All methods block, and raise `psycopg.Error`."""

    def __init__(self, native: psycopg.Connection[TupleRow], lock: int) -> None:
        self._native = native
        self._lock = lock

    @classmethod
    def connect(cls, place: PostgresPlace) -> Self:
        """Connect, and create what is missing."""
        native = psycopg.connect(
            place.url, autocommit=True, connect_timeout=_CONNECT_SECONDS,
            keepalives_idle=2, keepalives_interval=1, keepalives_count=2,
            tcp_user_timeout=_UNREACHABLE_MS,
        )  # fmt: skip
        # What other transactions committed while this one waited for a lock must be seen.
        native.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        lock = get_schema_lock(place.schema)
        schema = sql.Identifier(get_leader_schema(place.schema))
        try:
            native.execute(sql.SQL(_SETTINGS).format(schema=schema))
            found = native.execute(
                "SELECT to_regprocedure(%s)",
                (f'"{get_leader_schema(place.schema)}".check_epoch(bigint)',),
            ).fetchone()
            if found is None or found[0] is None:
                with native.transaction():
                    native.execute("SELECT pg_advisory_xact_lock(%s)", (lock ^ 2,))
                    native.execute(
                        sql.SQL(_TABLES).format(schema=schema, fenced=FENCED, writers=lock ^ 3)
                    )
        except BaseException:
            native.close()
            raise
        return cls(native, lock)

    @property
    def is_broken(self) -> bool:
        """True if the server is gone."""
        return self._native.closed

    def close(self) -> None:
        """Close the connection, which releases the lock."""
        self._native.close()

    def try_lock(self) -> bool:
        """Take the leader's lock if it is free. A second call of a holder counts as a second."""
        return bool(self._fetch_value("SELECT pg_try_advisory_lock(%s)", self._lock ^ 1))

    def release_lock(self) -> None:
        """Release the leader's lock."""
        self._native.execute("SELECT pg_advisory_unlock(%s)", (self._lock ^ 1,))

    def read(self) -> Leader | None:
        """Return the leader, present or last; `None` if there never was one."""
        with self._native.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute("SELECT * FROM leadership").fetchone()
        return None if row is None else _build_leader(row)

    def take_lead(self, place: str, commit: str) -> Leader:
        """Become the leader of the next epoch; the lock must be held.

        No transaction of an earlier epoch is committed after this, in any of the state's schemas:
        each holds the writers' lock, shared, until it ends.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._take_lead(place, commit)
            except psycopg.errors.LockNotAvailable:
                # A former leader that was stopped within a transaction.
                self._end_holders(self._lock ^ 3, "state LIKE 'idle in transaction%%'", {})
        return self._take_lead(place, commit)

    def _take_lead(self, place: str, commit: str) -> Leader:
        with self._native.transaction(), self._native.cursor(row_factory=dict_row) as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (self._lock ^ 3,))
            row = cursor.execute(_LEAD, {"place": place, "commit": commit}).fetchone()
        if row is None:
            raise psycopg.DataError("the row of the leader was not written")
        return _build_leader(row)

    def end_silent(self, leader: Leader) -> bool:
        """End the leader's connection if its beat has not grown since; return whether it was."""
        still = "EXISTS (SELECT 1 FROM leadership WHERE epoch = %(epoch)s AND beat = %(beat)s)"
        seen = {"epoch": leader.epoch, "beat": leader.beat}
        return self._end_holders(self._lock ^ 1, still, seen)

    def has_epoch(self, epoch: int, *, or_retires: bool = False) -> bool:
        """Return whether this epoch leads, or may finish what it began."""
        allowed = "%(epoch)s IN (epoch, retiring)" if or_retires else "%(epoch)s = epoch"
        query = f"SELECT 1 FROM leadership WHERE {allowed}"  # noqa: S608  # ours
        return self._native.execute(query.encode(), {"epoch": epoch}).fetchone() is not None

    def record_beat(self, epoch: int) -> bool:
        """Show that the leader works; return whether it leads."""
        return self._update(epoch, "beat = beat + 1", {})

    def save_session(self, epoch: int, session: GatewaySession) -> bool:
        """Record how far the session was handled; return whether this epoch leads."""
        changes = (
            "beat = beat + 1, session_id = %(session_id)s, sequence = %(sequence)s,"
            " gateway_url = %(gateway_url)s"
        )
        return self._update(epoch, changes, session.model_dump())

    def forget_session(self, epoch: int) -> bool:
        """Record that there is no session to resume."""
        return self._update(epoch, "session_id = NULL", {})

    def name_heir(self, epoch: int, place: str) -> bool:
        """Record to which place the leader hands over; return whether it leads."""
        return self._update(epoch, "heir = %(heir)s", {"heir": place})

    def end_retirement(self, epoch: int) -> bool:
        """Record that the predecessor finishes nothing more; return whether this epoch leads."""
        return self._update(epoch, "retiring = NULL", {})

    def _update(self, epoch: int, changes: str, values: dict[str, Any]) -> bool:
        query = f"UPDATE leadership SET {changes} WHERE epoch = %(epoch)s"  # noqa: S608  # ours
        return self._native.execute(query.encode(), values | {"epoch": epoch}).rowcount == 1

    def _end_holders(self, lock: int, condition: str, values: dict[str, Any]) -> bool:
        halves = {"high": (lock >> 32) & 0xFFFFFFFF, "low": lock & 0xFFFFFFFF}
        query = f"SELECT pg_terminate_backend(pid, 3000) {_HOLDERS} AND {condition}"
        return bool(self._native.execute(query.encode(), values | halves).fetchall())

    def _fetch_value(self, query: str, *values: object) -> Any:
        row = self._native.execute(query.encode(), values).fetchone()
        return None if row is None else row[0]


def _build_leader(row: dict[str, Any]) -> Leader:
    session = None
    if row["session_id"] is not None:
        session = GatewaySession(
            session_id=row["session_id"], sequence=row["sequence"], gateway_url=row["gateway_url"]
        )
    shared = {name: row[name] for name in ("epoch", "place", "commit", "beat", "heir")}
    return Leader(**shared, session=session)

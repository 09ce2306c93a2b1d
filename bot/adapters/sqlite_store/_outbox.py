"""The outbox's rows: what was asked to be said, and where it stands."""

import secrets
import sqlite3
from pathlib import Path

from bot.adapters.sqlite_store._rows import dump_record, parse
from bot.adapters.sqlite_store._schema import MIGRATIONS
from bot.domain.errors import ChatRejected, StoreError
from bot.domain.personal_data import DataSubject
from bot.domain.posts import MessageRef, Post
from bot.infra.sqlite import Database, DatabaseOwner
from bot.ports.outbox import OutboxDepth, Pending

_OF_PERSON = "state = 'pending' AND (instr(post, ?1) OR instr(post, ?2))"


class SqliteOutbox(DatabaseOwner):
    """Implements `bot.ports.outbox.OutboxStore` in the store's file, on a connection of its own."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(path, MIGRATIONS, error=StoreError, check=False))

    async def enqueue(self, key: str, channel_id: int, post: Post) -> MessageRef | Pending:
        """Store the message once; `ChatRejected` if the chat refused this key for good."""

        def work(connection: sqlite3.Connection) -> MessageRef | Pending:
            connection.execute(
                "INSERT INTO outbox (key, channel_id, post, nonce) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (key) DO NOTHING",
                (key, channel_id, dump_record(post), secrets.token_hex(12)),
            )
            row = connection.execute("SELECT * FROM outbox WHERE key = ?", (key,)).fetchone()
            if row["state"] == "failed":
                raise ChatRejected(row["reason"] or "The chat refused this message for good.")
            if row["state"] == "sent":
                return MessageRef(channel_id=row["sent_channel_id"], message_id=row["message_id"])
            return _parse_pending(row)

        return await self._database.write(work)

    async def mark_sent(self, key: str, ref: MessageRef) -> None:
        """Note that the chat has it; what it said need not be kept."""
        await self._settle(
            key,
            "UPDATE outbox SET state = 'sent', sent_channel_id = ?, message_id = ?, post = ''"
            " WHERE key = ? AND state != 'sent'",
            (ref.channel_id, ref.message_id, key),
        )

    async def mark_failed(self, key: str, reason: str) -> None:
        """Note that the chat refused it for good; what was sent stays sent."""
        await self._settle(
            key,
            "UPDATE outbox SET state = 'failed', reason = ?, post = ''"
            " WHERE key = ? AND state = 'pending'",
            (reason, key),
        )

    async def forget(self, before: int) -> int:
        """Remove what was sent before the message of that id, and refused before it."""

        def work(connection: sqlite3.Connection) -> int:
            last = connection.execute(
                "SELECT max(number) FROM outbox WHERE state = 'sent' AND message_id < ?", (before,)
            ).fetchone()[0]
            gone = connection.execute(
                "DELETE FROM outbox WHERE (state = 'sent' AND message_id < ?)"
                " OR (state = 'failed' AND number < ?)",
                (before, last or 0),
            )
            return gone.rowcount

        return await self._database.write(work)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many messages that wait to be sent name a person."""
        query = f"SELECT count(*) FROM outbox WHERE {_OF_PERSON}"  # noqa: S608  # ours
        found = await self._database.read(
            lambda each: each.execute(query, subject.marks).fetchone()
        )
        return int(found[0])

    async def erase(self, subject: DataSubject) -> int:
        """Take back these messages: nobody gets them any more."""
        query = f"UPDATE outbox SET state = 'failed', post = '', reason = ?3 WHERE {_OF_PERSON}"  # noqa: S608
        values = (*subject.marks, "It was erased before it was sent: a person asked for that.")
        return await self._database.write(lambda each: each.execute(query, values).rowcount)

    async def get_depth(self) -> OutboxDepth:
        """Return how full it is: each count is of an index that holds these rows alone."""

        def work(connection: sqlite3.Connection) -> OutboxDepth:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM outbox WHERE state = 'pending') AS waiting,"
                " (SELECT min(number) FROM outbox WHERE state = 'pending') AS oldest,"
                " (SELECT count(*) FROM outbox WHERE state = 'failed') AS refused"
            ).fetchone()
            return OutboxDepth(waiting=row["waiting"], oldest=row["oldest"], refused=row["refused"])

        return await self._database.read(work)

    async def list_pending(self) -> tuple[Pending, ...]:
        """Return what was not sent yet, oldest first."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT * FROM outbox WHERE state = 'pending' ORDER BY number"
            ).fetchall()
        )
        return tuple(_parse_pending(row) for row in rows)

    async def _settle(self, key: str, sql: str, values: tuple[object, ...]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            known = connection.execute("SELECT 1 FROM outbox WHERE key = ?", (key,)).fetchone()
            if known is None:
                raise StoreError(f"The outbox holds no message with the key {key}.")
            connection.execute(sql, values)

        await self._database.write(work)


def _parse_pending(row: sqlite3.Row) -> Pending:
    return Pending(
        number=row["number"],
        key=row["key"],
        channel_id=row["channel_id"],
        post=parse(Post, row["post"], f"message {row['key']}"),
        nonce=row["nonce"],
    )

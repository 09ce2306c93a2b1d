"""The outbox's rows: messages to send, and their state."""

import secrets

from bot.adapters.sqlite_store._rows import dump_record, parse
from bot.domain.errors import ChatRejected, StoreError
from bot.domain.personal_data import DataSubject
from bot.domain.posts import MessageRef, Post
from bot.infra.database import SqlConnection, SqlDatabase, SqlDatabaseOwner, SqlRow
from bot.ports.outbox import OutboxDepth, Pending

_OF_PERSON = "state = 'pending' AND (instr(post, ?1) > 0 OR instr(post, ?2) > 0)"


class SqlOutbox(SqlDatabaseOwner[SqlDatabase]):
    """Implements `bot.ports.outbox.OutboxStore` with its own connection to the store's database."""

    async def enqueue(self, key: str, channel_id: int, post: Post) -> MessageRef | Pending:
        """Store the message once. Raises `ChatRejected` if the chat has refused this key."""

        def work(connection: SqlConnection) -> MessageRef | Pending:
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
        """Record that the chat has the message; its text is deleted."""
        await self._settle(
            key,
            "UPDATE outbox SET state = 'sent', sent_channel_id = ?, message_id = ?, post = ''"
            " WHERE key = ? AND state != 'sent'",
            (ref.channel_id, ref.message_id, key),
        )

    async def mark_failed(self, key: str, reason: str) -> None:
        """Record that the chat permanently refused the message; a sent message stays sent."""
        await self._settle(
            key,
            "UPDATE outbox SET state = 'failed', reason = ?, post = ''"
            " WHERE key = ? AND state = 'pending'",
            (reason, key),
        )

    async def forget(self, before: int) -> int:
        """Remove messages sent or refused before that message id; return their number."""

        def work(connection: SqlConnection) -> int:
            last = connection.execute(
                "SELECT max(number) FROM outbox WHERE state = 'sent' AND message_id < ?", (before,)
            ).fetchone()[0]
            deleted = connection.execute(
                "DELETE FROM outbox WHERE (state = 'sent' AND message_id < ?)"
                " OR (state = 'failed' AND number < ?)",
                (before, last or 0),
            )
            return deleted.rowcount

        return await self._database.write(work)

    async def count_records(self, subject: DataSubject) -> int:
        """Return the number of unsent messages that name a person."""
        query = f"SELECT count(*) FROM outbox WHERE {_OF_PERSON}"  # noqa: S608 # constants only
        row = await self._database.read(
            lambda connection: connection.execute(query, subject.marks).fetchone()
        )
        return int(row[0])

    async def erase(self, subject: DataSubject) -> int:
        """Erase these messages, which will never be sent; return their number."""
        query = f"UPDATE outbox SET state = 'failed', post = '', reason = ?3 WHERE {_OF_PERSON}"  # noqa: S608
        values = (*subject.marks, "It was erased before it was sent: a person asked for that.")
        return await self._database.write(
            lambda connection: connection.execute(query, values).rowcount
        )

    async def get_depth(self) -> OutboxDepth:
        """Return the number of waiting and refused messages, counted in partial indexes."""

        def work(connection: SqlConnection) -> OutboxDepth:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM outbox WHERE state = 'pending') AS waiting,"
                " (SELECT min(number) FROM outbox WHERE state = 'pending') AS oldest,"
                " (SELECT count(*) FROM outbox WHERE state = 'failed') AS refused"
            ).fetchone()
            return OutboxDepth(waiting=row["waiting"], oldest=row["oldest"], refused=row["refused"])

        return await self._database.read(work)

    async def list_pending(self) -> tuple[Pending, ...]:
        """Return the messages that were not sent yet, oldest first."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT * FROM outbox WHERE state = 'pending' ORDER BY number"
            ).fetchall()
        )
        return tuple(_parse_pending(row) for row in rows)

    async def _settle(self, key: str, sql: str, values: tuple[object, ...]) -> None:
        def work(connection: SqlConnection) -> None:
            row = connection.execute("SELECT 1 FROM outbox WHERE key = ?", (key,)).fetchone()
            if row is None:
                raise StoreError(f"The outbox has no message with the key {key}.")
            connection.execute(sql, values)

        await self._database.write(work)


def _parse_pending(row: SqlRow) -> Pending:
    return Pending(
        number=row["number"],
        key=row["key"],
        channel_id=row["channel_id"],
        post=parse(Post, row["post"], f"message {row['key']}"),
        nonce=row["nonce"],
    )

"""The key-value store: records by name, in the store's file."""

from typing import TypeVar

from theseus_guard.record import Record

from bot.adapters.sqlite_store._rows import dump_record, parse
from bot.infra.database import SqlConnection, SqlDatabase, SqlDatabaseOwner

R = TypeVar("R", bound=Record)


class SqlKeyValueStore(SqlDatabaseOwner[SqlDatabase]):
    """Implements `bot.ports.key_value_store.KeyValueStore`.

    It has its own connection to the store's database.
    """

    async def put(self, name: str, record: Record) -> None:
        """Store the record under a name; replace an existing one."""
        body = dump_record(record)

        def work(connection: SqlConnection) -> None:
            connection.execute(
                "INSERT INTO shelf (name, body) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET body = excluded.body",
                (name, body),
            )

        await self._database.write(work)

    async def get(self, name: str, kind: type[R]) -> R | None:
        """Return the record with that name, or `None`."""
        row = await self._database.read(
            lambda connection: connection.execute(
                "SELECT body FROM shelf WHERE name = ?", (name,)
            ).fetchone()
        )
        return None if row is None else parse(kind, row["body"], f"{name} in the store")

    async def list_records(self, prefix: str, kind: type[R]) -> tuple[R, ...]:
        """Return the records whose names begin with `prefix`, sorted by name."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT name, body FROM shelf WHERE substr(name, 1, ?) = ? ORDER BY name",
                (len(prefix), prefix),
            ).fetchall()
        )
        return tuple(parse(kind, row["body"], f"{row['name']} in the store") for row in rows)

    async def remove(self, name: str) -> None:
        """Remove a record; safe to repeat."""
        await self._database.write(
            lambda connection: connection.execute("DELETE FROM shelf WHERE name = ?", (name,))
        )

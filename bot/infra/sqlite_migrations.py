"""The steps that bring the schema of a SQLite file up to date."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bot.domain.errors import ConfigError
from bot.infra.sqlite_copy import copy_database, get_pre_migration_path


class Migration(NamedTuple):
    """A named step of the schema. Once released it never changes: a new step is added instead.

    The statements are translated for PostgreSQL (`bot/infra/postgres_dialect.py`), or replaced by
    those in `postgres`.
    """

    name: str
    statements: tuple[str, ...]
    postgres: tuple[str, ...] | None = None


def select_missing(
    steps: Sequence[Migration], recorded: Sequence[str], where: str
) -> list[Migration]:
    """Return the steps that were not recorded. Raises `ConfigError` if newer ones were."""
    known = [step.name for step in steps]
    unknown = [name for name in recorded if name not in known]
    if unknown:
        raise ConfigError(
            f"{where} was written by a newer Theseus (its migration {unknown[-1]} is "
            "unknown here). Update Theseus, restore a backup made by this version, or move "
            "the data away to start afresh."
        )
    return [step for step in steps if step.name not in recorded]


class Migrations:
    """All steps of one file. With `keeps_copy` the file is copied before it is changed."""

    def __init__(self, path: Path, steps: Sequence[Migration], *, keeps_copy: bool) -> None:
        self._path = path
        self._steps = tuple(steps)
        self._keeps_copy = keeps_copy

    def apply(self, connection: sqlite3.Connection) -> None:
        """Run the steps that are missing, within the caller's transaction."""
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if tables and "schema_migrations" not in tables:
            raise ConfigError(
                f"{self._path} is a database, but not one of Theseus's. "
                "Move it away, or set THESEUS_STATE to another folder."
            )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            "number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
            "applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))"
        )
        recorded = [
            row[0]
            for row in connection.execute("SELECT name FROM schema_migrations ORDER BY number")
        ]
        missing = select_missing(self._steps, recorded, str(self._path))
        if missing and recorded and self._keeps_copy:
            self._copy_file()
        for step in missing:
            for statement in step.statements:
                connection.execute(statement)
            connection.execute("INSERT INTO schema_migrations (name) VALUES (?)", (step.name,))

    def _copy_file(self) -> None:
        """Copy the file before the migration; no other process writes to it now."""
        copy = get_pre_migration_path(self._path)
        try:
            copy_database(self._path, copy)
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(
                f"{self._path} is to be migrated, and no copy of it can be kept as {copy} "
                f"({error}). Make room there, or let the bot's account write there."
            ) from error

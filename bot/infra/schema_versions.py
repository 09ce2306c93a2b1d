"""Determines which code can open which database file, by comparing migrations.

Migrations are never reverted. Code can open a file if it knows all migrations of the file. Going
back to older code may need the copy of the file from before its last migration.
"""

import ast
import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from theseus_guard.syntax import parse

from bot.domain.errors import ConfigError
from bot.domain.migrations import MIGRATION_SOURCES
from bot.infra.git import Git
from bot.infra.sqlite_copy import get_pre_migration_path, open_connection

DATABASES = (
    "theseus.sqlite3",
    "ledger.sqlite3",
    "memory.sqlite3",
    "forge.sqlite3",
    "live_items.sqlite3",
    "traffic/traffic.sqlite3",
)
"""Every file of the state folder that is kept by migrations. The journal's index is not here: code
that does not know it makes it anew."""


class NewerSchema(NamedTuple):
    """A database with migrations that some code does not know."""

    file: Path
    migrations: tuple[str, ...]

    @property
    def copy(self) -> Path | None:
        """The copy from before its last migration, where there is one."""
        copy = get_pre_migration_path(self.file)
        return copy if copy.is_file() else None

    @property
    def description(self) -> str:
        """A sentence with the newest migration and the copy to go back to."""
        copy = self.copy
        way = f"{copy} is a copy from before its last migration" if copy else "no copy is kept"
        return f"{self.file} has the migration {self.migrations[-1]}, which is unknown there; {way}"


def list_migrations(file: Path) -> tuple[str, ...]:
    """Return the names of a file's migrations, oldest first; empty if there is no such file.

    The file is only read, and may be in use. Raises `ConfigError` if it cannot be read.
    """
    if not file.is_file() or not file.stat().st_size:
        return ()
    try:
        with contextlib.closing(open_connection(file)) as connection:
            rows = connection.execute("SELECT name FROM schema_migrations ORDER BY number")
            return tuple(str(row[0]) for row in rows)
    except sqlite3.Error as error:
        raise ConfigError(
            f"{file} cannot be read: {error}. Put a copy in its place, or move it away."
        ) from error


def find_newer_schemas(state: Path, known: Collection[str]) -> tuple[NewerSchema, ...]:
    """Return the databases of a state folder that code with these migrations cannot open.

    Raises `ConfigError` for one that cannot be read.
    """
    recorded = {state / name: list_migrations(state / name) for name in DATABASES}
    unknown = {
        file: tuple(name for name in names if name not in known) for file, names in recorded.items()
    }
    return tuple(NewerSchema(file, names) for file, names in unknown.items() if names)


def list_commit_migrations(git: Git, commit: str) -> frozenset[str]:
    """Return the names of all migrations that the code of a commit knows. Blocking.

    Raises the error of `git` where there is no such commit.
    """
    revision = git.resolve_revision(commit)
    looked = ("grep", "-l", "-z", "-F", "Migration(", revision, "--", *MIGRATION_SOURCES)
    listed = git.run(*looked, ok=(0, 1)).out.decode(errors="surrogateescape")
    names: set[str] = set()
    for place in filter(None, listed.split("\0")):
        source = git.run("show", place).out.decode(errors="replace")
        with contextlib.suppress(SyntaxError, ValueError):
            names.update(parse_migrations(source))
    return frozenset(names)


def parse_migrations(source: str) -> Iterator[str]:
    """Yield the names of the migrations that a module's source spells out."""
    for node in ast.walk(parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "Migration" and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)

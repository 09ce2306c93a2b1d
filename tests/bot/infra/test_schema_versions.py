"""Copies before a database migration, and which commit's code can open which file."""

import contextlib
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError, StoreError, WorkspaceError
from bot.infra.git import Git
from bot.infra.schema_versions import (
    DATABASES,
    find_newer_schemas,
    list_commit_migrations,
    list_migrations,
)
from bot.infra.sqlite import Database
from bot.infra.sqlite_copy import copy_database, get_pre_migration_path, is_database
from bot.infra.sqlite_migrations import Migration
from tests.fakes.repositories import commit, make_repository

FIRST = Migration("0001_songs", ("CREATE TABLE songs (title TEXT)",))
SECOND = Migration("0002_years", ("ALTER TABLE songs ADD COLUMN year INTEGER",))
THIRD = Migration("0003_singers", ("ALTER TABLE songs ADD COLUMN singer TEXT",))
BROKEN = Migration("0002_broken", ("ALTER TABLE nothing ADD COLUMN year INTEGER",))
BEGIN = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
MODULE = 'FIRST = Migration("0001_songs", ())\nMIGRATIONS = (FIRST, Migration("{}", ()))\n'


async def _opened(path: Path, *migrations: Migration, derived: bool = False) -> None:
    async with Database(path, migrations, error=StoreError, derived=derived) as database:
        await database.write(lambda db: db.execute("INSERT INTO songs (title) VALUES ('so')"))


def _titles(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM songs").fetchone()[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "theseus.sqlite3"


async def test_before_a_file_is_migrated_a_copy_is_kept_that_the_older_code_opens(
    path: Path,
) -> None:
    await _opened(path, FIRST)
    assert not get_pre_migration_path(path).exists()
    await _opened(path, FIRST, SECOND)
    await _opened(path, FIRST, SECOND)
    copy = get_pre_migration_path(path)
    assert list_migrations(copy) == ("0001_songs",)
    assert _titles(copy) == 1
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    copy.replace(path)
    await _opened(path, FIRST)


async def test_only_the_last_copy_is_kept(path: Path) -> None:
    await _opened(path, FIRST)
    await _opened(path, FIRST, SECOND)
    await _opened(path, FIRST, SECOND, THIRD)
    assert list_migrations(get_pre_migration_path(path)) == ("0001_songs", "0002_years")
    assert {each.name for each in path.parent.iterdir()} == {
        path.name,
        get_pre_migration_path(path).name,
    }


async def test_of_what_is_derived_from_other_files_no_copy_is_kept(path: Path) -> None:
    await _opened(path, FIRST, derived=True)
    await _opened(path, FIRST, SECOND, derived=True)
    assert not get_pre_migration_path(path).exists()


async def test_where_no_copy_can_be_kept_nothing_is_migrated(path: Path) -> None:
    await _opened(path, FIRST)
    get_pre_migration_path(path).mkdir()
    with pytest.raises(ConfigError, match="Make room there"):
        await _opened(path, FIRST, SECOND)
    assert list_migrations(path) == ("0001_songs",)


async def test_a_migration_that_fails_leaves_file_and_copy_alike(path: Path) -> None:
    await _opened(path, FIRST)
    with pytest.raises(ConfigError):
        await _opened(path, FIRST, BROKEN)
    assert list_migrations(path) == list_migrations(get_pre_migration_path(path)) == ("0001_songs",)


async def test_code_that_lacks_a_migration_cannot_open_the_file_and_it_is_said_why(
    tmp_path: Path, path: Path
) -> None:
    await _opened(path, FIRST)
    await _opened(path, FIRST, SECOND)
    assert find_newer_schemas(tmp_path, {"0001_songs", "0002_years", "other"}) == ()
    (newer,) = find_newer_schemas(tmp_path, {"0001_songs"})
    assert newer.migrations == ("0002_years",)
    assert newer.copy == get_pre_migration_path(path)
    assert str(newer.copy) in newer.description
    assert "0002_years" in newer.description
    get_pre_migration_path(path).unlink()
    assert "no copy is kept" in newer.description


def test_a_folder_without_databases_is_no_newer_than_anything(tmp_path: Path) -> None:
    (tmp_path / DATABASES[0]).touch()
    assert find_newer_schemas(tmp_path, ()) == ()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / DATABASES[0]).write_text("a letter " * 100)
    with pytest.raises(ConfigError, match=r"theseus\.sqlite3 cannot be read"):
        find_newer_schemas(tmp_path, ())


def test_what_a_commit_knows_is_read_from_its_own_sources(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    old = make_repository(folder, {"bot/adapters/songs.py": MODULE.format("0002_a")})
    new = commit(folder, {"bot/infra/more.py": MODULE.format("0003_b")})
    assert list_commit_migrations(Git(folder), old) == {"0001_songs", "0002_a"}
    assert list_commit_migrations(Git(folder), new) == {"0001_songs", "0002_a", "0003_b"}
    with pytest.raises(WorkspaceError):
        list_commit_migrations(Git(folder), "nothing-of-that-name")


def test_a_copy_is_one_moment_while_others_write(path: Path, tmp_path: Path) -> None:
    done = threading.Event()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE pairs (one INTEGER, other INTEGER)")

    def write() -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writing:
            writing.execute("PRAGMA synchronous = OFF")
            number = 0
            while not done.is_set():
                number += 1
                writing.execute("BEGIN IMMEDIATE")
                writing.execute("INSERT INTO pairs VALUES (?, 0)", (number,))
                writing.execute("UPDATE pairs SET other = one WHERE one = ?", (number,))
                writing.execute("COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            copy_database(path, tmp_path / f"copy-{number}")
    finally:
        done.set()
        writer.join()
    seen = []
    for number in range(5):
        with contextlib.closing(sqlite3.connect(tmp_path / f"copy-{number}")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert copy.execute("SELECT count(*) FROM pairs WHERE one != other").fetchone() == (0,)
            seen.append(copy.execute("SELECT count(*) FROM pairs").fetchone()[0])
    assert seen == sorted(seen)


def test_what_is_a_database_is_asked_of_sqlite_itself(path: Path, tmp_path: Path) -> None:
    """Opening and closing the file would let go of the locks that this process holds on it."""
    letter, empty = tmp_path / "letter", tmp_path / "empty"
    letter.write_text("SQLite, as they call it\n" * 50)
    empty.touch()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
        connection.execute("BEGIN IMMEDIATE")
        assert is_database(path)
        assert not is_database(letter)
        assert not is_database(empty)
        done = subprocess.run(
            [sys.executable, "-c", BEGIN, path], capture_output=True, text=True, check=False
        )
        assert "locked" in done.stderr

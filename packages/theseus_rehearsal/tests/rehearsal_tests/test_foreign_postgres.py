"""Bots that use PostgreSQL get a server of their own, with their own tables."""

import struct
from pathlib import Path

import pytest
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign.postgres import (
    PostgresServer,
    find_program,
    has_postgres,
    list_migrations,
)
from theseus_rehearsal.foreign.stand_ins import choose_value
from theseus_rehearsal.runner.foreign_database import _replace_startup
from theseus_rehearsal.sandbox import BubblewrapSandbox, probe

MIGRATIONS = ("V10__last.sql", "V2__second.sql", "U2__undo.sql", "V1__first.sql", "2_down.sql")


def test_migrations_are_found_in_order_without_those_that_undo(tmp_path: Path) -> None:
    assert list_migrations(tmp_path) == []
    (tmp_path / "schema.sql").touch()
    assert [each.name for each in list_migrations(tmp_path)] == ["schema.sql"]
    (tmp_path / "migrations").mkdir()
    for name in MIGRATIONS:
        (tmp_path / "migrations" / name).touch()
    assert [each.name for each in list_migrations(tmp_path)] == [
        "V1__first.sql",
        "V2__second.sql",
        "V10__last.sql",
    ]


def test_a_bot_that_has_postgresql_is_known_by_its_imports(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("text = 'import asyncpg'\n")
    assert not has_postgres(tmp_path)
    (tmp_path / "db.py").write_text("    from asyncpg import Pool\n")
    assert has_postgres(tmp_path)


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("DATABASE_URL", "", "postgresql://rehearsal@localhost:5432/rehearsal"),
        ("DB", "postgresql+asyncpg://a:b@host/c",
         "postgresql+asyncpg://rehearsal@localhost:5432/rehearsal"),
        ("DB_PORT", "", "5432"),
        ("DATABASE_PASSWORD", "hunter2", "stand-in"),
    ],
)  # fmt: skip
def test_addresses_of_databases_are_replaced(name: str, written: str, value: str) -> None:
    assert choose_value(name, written) == value


def test_whichever_user_and_database_a_bot_names_it_gets_those_of_the_replay() -> None:
    body = b"user\0danny\0database\0live\0application_name\0bot\0\0"
    message = struct.pack("!ii", len(body) + 8, 196_608) + body
    changed = _replace_startup(message, "p1")
    assert struct.unpack("!ii", changed[:8]) == (len(changed), 196_608)
    assert changed[8:] == b"user\0rehearsal\0database\0p1\0application_name\0bot\0\0"
    assert _replace_startup(b"Q\0\0\0\x0dSELECT 1\0", "p1") == b"Q\0\0\0\x0dSELECT 1\0"


@pytest.mark.slow
async def test_a_server_runs_confined_and_each_script_gets_a_copy(tmp_path: Path) -> None:
    try:
        find_program("initdb")
    except RehearsalError as error:
        pytest.skip(str(error))
    if reason := await probe():
        pytest.skip(reason)
    server = PostgresServer(BubblewrapSandbox(), tmp_path / "server", tmp_path / "sockets")
    try:
        await server.start()
        await server.run_sql("CREATE TABLE notes (name text)")
        for name in ("p1", "p2"):
            await server.copy_base(name)
            await server.run_sql("INSERT INTO notes VALUES ('x')", database=name)
        with pytest.raises(RehearsalError, match="SELECT nothing: ERROR"):
            await server.run_sql("SELECT nothing")
        hidden = f"COPY notes FROM '{Path(__file__)}'"
        with pytest.raises(RehearsalError, match="No such file"):
            await server.run_sql(hidden)
    finally:
        await server.close()
    with pytest.raises(RehearsalError, match="SELECT 1"):
        await server.run_sql("SELECT 1")

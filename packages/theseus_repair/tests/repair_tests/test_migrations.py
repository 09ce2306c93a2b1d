"""Columns that older files lack are added behind the statement that creates the table."""

import sqlite3
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from theseus_repair.migrations import propose, to_addable
from theseus_repair.model import Candidate, Crash, Problem, SuspectHunk
from theseus_repair.source import Source

TABLE = (
    "CREATE TABLE IF NOT EXISTS vote (user INTEGER, choice TEXT NOT NULL, late BOOLEAN NOT NULL)"
)
PLAIN = f'SCHEMA = "{TABLE}"\n\n\ndef opened(db):\n    db.execute(SCHEMA)\n    return db\n'
LOOP = (
    f'SCHEMA = ("CREATE TABLE IF NOT EXISTS a (b)", "{TABLE}")\n\n\n'
    "def opened(db):\n    for each in SCHEMA:\n        db.execute(each)\n    return db\n"
)
WAITS = (
    f'SCHEMA = """{TABLE};"""\n\n\nasync def opened(column):\n'
    "    await column.executescript(SCHEMA)\n    return column\n"
)
MISSING = Crash("OperationalError", "table vote has no column named late")


def migrations(text: str, crash: Crash = MISSING, *hunks: SuspectHunk) -> list[Candidate]:
    return list(propose(Problem({"m.py": text}, (crash,), hunks), [Source("m.py", text)]))


def opener(text: str, candidate: Candidate) -> Any:
    """Return the module's function that opens a file, with the candidate in place."""
    room: dict[str, Any] = {}
    exec(compile(candidate.apply({"m.py": text})["m.py"], "m.py", "exec"), room)  # noqa: S102
    return room["opened"]


def of_before(path: Path) -> Path:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE vote (user INTEGER)")
        db.execute("INSERT INTO vote VALUES (1)")
    db.close()
    return path


@pytest.mark.parametrize("text", [PLAIN, LOOP], ids=["one", "a loop over several"])
def test_a_file_of_before_gets_the_column_once(tmp_path: Path, text: str) -> None:
    (candidate,) = migrations(text)
    opened = opener(text, candidate)
    db = sqlite3.connect(of_before(tmp_path / "votes"))

    assert opened(opened(db)).execute("SELECT user, late FROM vote").fetchall() == [(1, 0)]
    db.close()


async def test_what_is_awaited_migrates_with_awaits(tmp_path: Path) -> None:
    (candidate,) = migrations(WAITS, Crash("OperationalError", "no such column: vote.late"))
    opened = opener(WAITS, candidate)
    async with aiosqlite.connect(of_before(tmp_path / "votes")) as db:
        await opened(db)
        await opened(db)
        rows = await db.execute_fetchall("SELECT late FROM vote")
        assert [tuple(row) for row in rows] == [(0,)]


def test_all_columns_of_a_suspect_commit_come_along(tmp_path: Path) -> None:
    lines = (" user INTEGER,", "+choice TEXT NOT NULL,", "+late BOOLEAN NOT NULL")
    hunk = SuspectHunk("m.py", "c", 1, 1, lines)

    both, one = sorted(migrations(PLAIN, MISSING, hunk), key=lambda each: -each.rank)

    assert both.why == "add `late`, `choice` to existing tables `vote`"
    db = opener(PLAIN, both)(sqlite3.connect(of_before(tmp_path / "votes")))
    assert db.execute("SELECT late, choice FROM vote").fetchall() == [(0, "")]
    db.close()
    assert "choice" not in one.why


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLAIN, "no such column: lat"),
        (PLAIN, "table poll has no column named late"),
        (PLAIN.replace("IF NOT EXISTS ", ""), "no such column: late"),
        (PLAIN.replace("late BOOLEAN NOT NULL", "late INTEGER UNIQUE"), "no such column: late"),
        (PLAIN.replace("db.execute(SCHEMA)", "db.run(SCHEMA)"), "no such column: late"),
    ],
)
def test_nothing_is_migrated_that_would_not_mend_it(text: str, message: str) -> None:
    assert migrations(text, Crash("OperationalError", message)) == []


@pytest.mark.parametrize(
    ("definition", "added"),
    [
        ("a TEXT", "a TEXT"),
        ("a TEXT NOT NULL", "a TEXT NOT NULL DEFAULT ''"),
        ("a REAL NOT NULL", "a REAL NOT NULL DEFAULT 0"),
        ("a REAL NOT NULL CHECK (a > 0)", ""),
        ("a TEXT DEFAULT CURRENT_TIMESTAMP", ""),
        ("a INTEGER NOT NULL REFERENCES b (id)", ""),
        ('"a b" TEXT', ""),
    ],
)
def test_a_definition_is_one_that_a_table_with_rows_takes(definition: str, added: str) -> None:
    assert to_addable(definition) == added

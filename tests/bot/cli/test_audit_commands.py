"""`theseus audit`: listed, verified, exported, and a break taken note of."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.adapters.sqlite_store import SqliteStore
from bot.cli.main import build_command_line
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError
from bot.domain.people import Person

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
ADA, BEN = Person(id=7, name="ada"), Person(id=8, name="ben")
ENTRIES = (
    AuditEntry(at=AT, action="ask", allowed=True, person=ADA, run_id="k3m9tq", note="fix: dice"),
    AuditEntry(at=AT, action="ship", allowed=False, person=BEN, run_id="k3m9tq", how="button"),
    AuditEntry(at=AT.replace(day=9), action="ship", allowed=True, person=ADA, head="f00d" * 10),
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").write_text(
        "checks: {quick: [{name: lint, command: [ruff, check]}]}\n"
    )
    monkeypatch.chdir(tmp_path)
    asyncio.run(_filled(tmp_path / "data/state"))
    return tmp_path


async def _filled(state: Path) -> None:
    async with SqliteStore(state / "theseus.sqlite3") as store:
        for entry in ENTRIES:
            await store.append_audit_entry(entry)


def said(*words: str, code: int = 0) -> str:
    """Run the command line; return what it printed."""
    done = CliRunner().invoke(build_command_line(), ["audit", *words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def tampered(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "data/state/theseus.sqlite3")) as connection, connection:
        connection.execute("DROP TRIGGER audit_log_no_delete")
        connection.execute(statement)


def test_the_newest_come_first_and_can_be_sifted(home: Path) -> None:
    lines = said().splitlines()
    assert [line.split()[2:5] for line in lines] == [
        ["ada", "ship", "allowed"],
        ["ben", "ship", "REFUSED"],
        ["ada", "ask", "allowed"],
    ]
    assert len(said("--run", "k3m9tq").splitlines()) == 2
    assert len(said("--person", "7", "--limit", "1").splitlines()) == 1
    assert [entry["how"] for entry in json.loads(said("--json"))] == ["", "button", ""]


def test_what_somebody_wrote_does_nothing_to_the_terminal_it_is_shown_in(home: Path) -> None:
    note = "gone\x1b[1A\x1b[2K \x9b2J \u202eedils"  # up a line, and wipe it; turn letters round
    entry = AuditEntry(at=AT.replace(day=20), action="ship", allowed=False, person=BEN, note=note)
    asyncio.run(_kept(home / "data/state", entry))
    [line] = said("--limit", "1").splitlines()
    assert line.replace("\ufffd", "").isprintable()
    assert line.split()[2:5] == ["ben", "ship", "REFUSED"]


async def _kept(state: Path, entry: AuditEntry) -> None:
    async with SqliteStore(state / "theseus.sqlite3") as store:
        await store.append_audit_entry(entry)


def test_it_holds_and_once_cut_it_says_where_until_that_is_noted(home: Path) -> None:
    assert said("verify").startswith("Holds: entries 1 to 3, ending in 2:")
    assert said("accept", "--why", "nothing") == "The log is not broken.\n"
    tampered(home, "DELETE FROM audit_log WHERE number = 3")
    told = said("verify", code=1)
    assert told.startswith("BROKEN at entry 3 (cut): Entry 3 is missing, as audit.head shows.")
    assert json.loads(said("verify", "--json", code=1))["broken"]["kind"] == "cut"
    assert said("accept", "--why", "the disk was restored").startswith("Accepted: ")
    assert "Accepted before: Entry 3 is missing, as audit.head shows. the disk" in said("verify")


def test_a_changed_note_is_found_until_that_is_noted(home: Path) -> None:
    tampered(home, "UPDATE audit_notes SET text = 'fix: polls'")
    assert said("verify", code=1).startswith(
        "BROKEN at entry 1 (changed): The note of entry 1 is not as it was written."
    )
    assert said("accept", "--why", "the disk was restored").startswith("Accepted: ")
    assert "Accepted before: The note of entry 1 is not as it was written." in said("verify")
    asyncio.run(_kept(home / "data/state", ENTRIES[0]))
    tampered_note = "UPDATE audit_notes SET text = 'fix: polls' WHERE number = 5"
    with closing(sqlite3.connect(home / "data/state/theseus.sqlite3")) as connection, connection:
        connection.execute(tampered_note)
    assert "BROKEN at entry 5 (changed)" in said("verify", code=1)


def test_an_export_is_verified_without_the_database(home: Path) -> None:
    export = home / "export.ndjson"
    export.write_text(said("export"), encoding="utf-8")
    told = said("verify", "--file", str(export))
    assert told.startswith("Holds: entries 1 to 3")
    assert "Not proved: that this bot wrote the entries" in told
    key = str(home / "data/state/audit.key")
    assert "that this bot wrote" not in said("verify", "--file", str(export), "--key", key)
    lines = export.read_text(encoding="utf-8").splitlines(keepends=True)
    for changed in (
        lines[0] + lines[2],
        lines[1] + lines[0],
        "".join(lines).replace("ada", "eve"),
    ):
        export.write_text(changed, encoding="utf-8")
        told = said("verify", "--file", str(export), code=1)
        assert told.startswith("BROKEN at entry")
        assert "Proved" not in told


def test_a_part_is_exported_and_as_csv_no_cell_is_a_formula(home: Path) -> None:
    assert len(said("export", "--since", "2026-11-05").splitlines()) == 1
    asyncio.run(_filled(home / "data/state"))
    table = said("export", "--format", "csv").splitlines()
    assert table[0] == "number,at,run_id,action,body,previous,hash,seal"
    assert len(table) == 7


def test_what_cannot_be_read_is_named_with_the_way_out(home: Path) -> None:
    letter = home / "letter.txt"
    letter.write_text("Dear Sir,\n")
    with pytest.raises(
        ConfigError, match=r"letter\.txt, line 1: this is not an entry .* `theseus audit exp"
    ):
        said("verify", "--file", str(letter))
    with pytest.raises(ConfigError, match=r"gone\.ndjson or its key cannot"):
        said("verify", "--file", str(home / "gone.ndjson"))
    with pytest.raises(ConfigError, match="does not contain a hexadecimal key"):
        said("verify", "--file", str(letter), "--key", str(letter))

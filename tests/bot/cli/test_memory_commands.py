"""`theseus memory`: what is remembered, looked up and taken out on the command line."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.adapters.sqlite_memory import SqliteMemory
from bot.cli.main import build_command_line
from bot.domain.errors import ConfigError
from bot.domain.memory import Memory

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
NOTES = [
    Memory(key=f"note:{number}", kind="note", text=text, by="bob", at=AT.replace(day=number))
    for number, text in enumerate(["zebras are striped", "lions sleep at noon"], 1)
]


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
    async with SqliteMemory(state / "memory.sqlite3", redact=str) as memory_store:
        for note in NOTES:
            await memory_store.remember(note)


def said(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(build_command_line(), ["memory", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_export_is_a_line_a_memory_that_can_be_read_back(home: Path) -> None:
    lines = said("export").splitlines()
    assert [Memory.model_validate_json(line) for line in lines] == NOTES


def test_search_shows_the_best_match_with_why(home: Path) -> None:
    assert said("search", "striped") == "0.17  note:1  bob noted: zebras are striped  (the words)\n"
    assert [each["memory"]["key"] for each in json.loads(said("search", "--json"))] == [
        "note:2", "note:1",
    ]  # fmt: skip
    nothing = said("search", '" OR x=x --', code=1)
    assert nothing == "theseus: No memory matches '\" OR x=x --'.\n"


def test_a_damaged_file_is_named_with_the_way_out(home: Path) -> None:
    (home / "data/state/memory.sqlite3").write_bytes(b"no database" * 1_000)
    with pytest.raises(ConfigError, match=r"memory\.sqlite3 cannot be used.*move it away"):
        said("export")

"""`theseus hearing report`: what people corrected is listed, and the table can learn from it."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.hearing import read_corrections
from bot.adapters.sqlite_store import SqliteKeyValueStore
from bot.cli.main import build_command_line
from bot.domain.correction import Correction
from bot.intake.corrections import PREFIX
from tests.fakes.fake_clock import START

STORED = (
    Correction(
        id="a", sentence="the polls look sad", person_id=1, reading="investigate",
        meaning="change", at=START,
    ),
    Correction(
        id="b", sentence="rolling dice keeps crashing", person_id=2, reading="fix",
        meaning="nothing", times=3, at=START + timedelta(days=1),
    ),
    Correction(id="c", sentence="ship it", person_id=2, reading="ship", meaning="ask", at=START),
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data/state").mkdir(parents=True)
    (tmp_path / "data/config.yaml").write_text(
        "checks: {quick: [{name: lint, command: [ruff, check]}]}\n"
    )
    monkeypatch.chdir(tmp_path)
    asyncio.run(store(tmp_path / "data/state/theseus.sqlite3"))
    return tmp_path


async def store(database: Path) -> None:
    async with SqliteKeyValueStore(database) as key_values:
        for each in STORED:
            await key_values.put(PREFIX + each.id, each)


def report(*options: str) -> str:
    result = CliRunner().invoke(
        build_command_line(), ["hearing", "report", *options], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_newest_corrections_are_listed_first(home: Path) -> None:
    first, *others = report().splitlines()
    assert first.split()[-7:] == ["3", "fix", "nothing", *["rolling", "dice", "keeps", "crashing"]]
    assert len(others) == 2
    assert [each["id"] for each in json.loads(report("--json", "--limit", "1"))] == ["b"]


def test_the_table_can_learn_from_the_report_but_no_decision(home: Path) -> None:
    file = home / "corrections.json"
    file.write_text(report("--json"))
    assert {(each.text, each.label) for each in read_corrections(file)} == {
        ("the polls look sad", "change"),
        ("rolling dice keeps crashing", "chat"),
    }


def test_another_file_is_named_with_the_way_out(home: Path) -> None:
    file = home / "corrections.json"
    file.write_text('[{"sentence": "land it", "meaning": "ship"}]')
    with pytest.raises(ValueError, match=r"corrections\.json: .*`theseus hearing report --json`"):
        list(read_corrections(file))

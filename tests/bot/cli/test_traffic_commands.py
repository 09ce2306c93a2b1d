"""`theseus traffic`: what was asked of cogs, looked up on the command line."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from theseus_rehearsal.records import CommandStep
from theseus_rehearsal.script_files import parse_script
from typer.testing import CliRunner

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.cli.main import build_command_line
from bot.domain.errors import ConfigError
from bot.domain.ids import create_sortable_id, shorten_id
from bot.domain.traffic import TrafficRecord

NOW = datetime.now(UTC)


def asked(hours: int, command: str) -> TrafficRecord:
    at = NOW - timedelta(hours=hours)
    step = CommandStep(by="asker", command=command, options={"dice": "2d6\x1b[31m"})
    return TrafficRecord(
        id=create_sortable_id(at),
        at=at,
        event=f"command.{command}",
        cog="dice",
        step=step,
        shape=("answer, private",),
    )


RECORDS = [asked(3, "roll"), asked(2, "flip"), asked(1, "roll")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").write_text(
        "checks: {quick: [{name: lint, command: [ruff, check]}]}\n"
    )
    monkeypatch.chdir(tmp_path)
    asyncio.run(_filled(tmp_path / "data/state/traffic/traffic.sqlite3"))
    return tmp_path


async def _filled(path: Path) -> None:
    async with SqliteTraffic(path, redact=str) as log:
        await log.record(RECORDS)


def said(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(build_command_line(), ["traffic", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.usefixtures("home")
def test_each_is_a_line_that_no_text_can_break() -> None:
    lines = said("list").splitlines()
    assert all(shorten_id(each.id) in line for each, line in zip(RECORDS, lines, strict=True))
    assert "\x1b" not in "".join(lines)
    assert "(answer, private)" in lines[0]


@pytest.mark.usefixtures("home")
def test_one_command_and_a_time_can_be_asked_for() -> None:
    found = json.loads(said("list", "command.roll", "--json"))
    assert [each["id"] for each in found] == [RECORDS[0].id, RECORDS[2].id]
    assert len(said("list", "--hours", "2", "--limit", "5").splitlines()) == 1


@pytest.mark.usefixtures("home")
def test_one_record_is_shown_whole() -> None:
    assert TrafficRecord.model_validate_json(said("show", shorten_id(RECORDS[1].id))) == RECORDS[1]
    with pytest.raises(ConfigError, match="no record 'nothing'"):
        said("show", "nothing")


@pytest.mark.usefixtures("home")
def test_a_list_that_is_cut_says_so_and_an_unknown_event_names_those_there_are() -> None:
    *lines, cut = said("list", "--limit", "2").splitlines()
    assert (len(lines), cut) == (2, "theseus: the newest 2 of 3; --limit N shows more.")
    told = said("list", "command.rol", code=1)
    assert "no record of 'command.rol' " in told and "command.flip, command.roll" in told


@pytest.mark.usefixtures("home")
def test_a_record_is_printed_as_a_script_with_what_led_to_it() -> None:
    script = parse_script(said("show", shorten_id(RECORDS[2].id), "--script"), "it")
    assert script.world.cogs == ("dice",)
    assert [step.command for step in script.steps if isinstance(step, CommandStep)] == [
        "roll", "flip", "roll"
    ]  # fmt: skip

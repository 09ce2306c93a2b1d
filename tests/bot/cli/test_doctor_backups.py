# small files of the test's own
"""What the doctor says of backups."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.doctor.backups import look_at_backups
from bot.domain.finding import DoctorFinding
from bot.settings import Settings, load
from tests.support.state_folders import make_backup, make_state_folder

CONFIG = "checks: {quick: [{name: lint, command: [ruff, check]}]}\n"


def _settings(root: Path, more: str = "") -> Settings:
    (root / "data").mkdir(exist_ok=True)
    (root / "data/config.yaml").write_text(CONFIG + more)
    return load(root, {})


async def _found(settings: Settings) -> DoctorFinding:
    (finding,) = await look_at_backups(settings)
    return finding


async def test_of_a_bot_that_never_ran_nothing_is_expected(tmp_path: Path) -> None:
    finding = await _found(_settings(tmp_path))
    assert (finding.status, finding.message) == ("good", "there is nothing to back up yet")


async def test_without_one_it_says_how_to_make_one(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    await make_state_folder(tmp_path / "data")
    finding = await _found(settings)
    assert (finding.status, finding.remedy) == ("note", "Make one now: theseus backup")
    assert "none yet" in finding.message


async def test_a_new_one_is_good_and_where_it_lies_is_told(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    state = await make_state_folder(tmp_path / "data")
    await make_backup(state, state / "backups")
    finding = await _found(settings)
    assert finding.status == "good"
    assert "newest just now" in finding.message
    assert "on the same disk as the state" in finding.message


async def test_an_old_one_is_told(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    state = await make_state_folder(tmp_path / "data")
    old = f"theseus-{datetime.now(UTC) - timedelta(days=9):%Y%m%dT%H%M%S}Z.tar.gz"
    (await make_backup(state, state / "backups")).rename(state / "backups" / old)
    finding = await _found(settings)
    assert finding.status == "note"
    assert "overdue" in finding.message


async def test_where_none_is_made_by_itself_that_is_told(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "backup: {cron: null, folder: elsewhere}\n")
    state = await make_state_folder(tmp_path / "data")
    await make_backup(state, tmp_path / "elsewhere")
    finding = await _found(settings)
    assert (finding.status, str(tmp_path / "elsewhere") in finding.message) == ("note", True)
    assert "backup.cron" in finding.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written_to_is_bad(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "backup: {folder: elsewhere}\n")
    await make_state_folder(tmp_path / "data")
    (tmp_path / "elsewhere").mkdir(mode=0o500)
    assert (await _found(settings)).status == "bad"


async def test_a_folder_that_is_none_is_bad(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "backup: {folder: data/config.yaml}\n")
    await make_state_folder(tmp_path / "data")
    finding = await _found(settings)
    assert finding.status == "bad"
    assert "backup.folder" in finding.remedy

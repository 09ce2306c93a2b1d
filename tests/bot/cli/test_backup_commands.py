"""`theseus backup` and `theseus restore`, as people call them."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.app.state_lock import hold
from bot.cli.backup_files import complete_backup
from bot.cli.main import build_command_line
from bot.domain.errors import ConfigError
from tests.support.state_folders import make_state_folder

CONFIG = "checks: {quick: [{name: lint, command: [ruff, check]}]}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").write_text(CONFIG)
    asyncio.run(make_state_folder(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(build_command_line(), list(words))


def refused(*words: str) -> str:
    done = run(*words)
    assert isinstance(done.exception, ConfigError), done.output
    return str(done.exception)


def archives(folder: Path) -> list[Path]:
    return sorted(folder.glob("theseus-*.tar.gz"))


def test_a_backup_is_made_and_listed_and_restored_by_its_name(home: Path) -> None:
    made = run("backup")
    (file,) = archives(home / "data/state/backups")
    assert made.exit_code == 0
    assert made.output.startswith(f"Backed up: {file} (")
    assert "1 run, 20 audit records, 1 day of the journal" in made.output
    assert "Not in the backup: github-app.pem (a secret" in made.output
    assert file.name in run("backup", "list").output
    looked = run("restore", file.name, "--verify-only")
    assert looked.output.startswith(f"Valid: {file.name}, made ")
    (home / "data/state/polls.json").write_text("broken")
    restored = run("restore", file.name)
    assert restored.output.startswith(f"Restored: {file.name}")
    (old,) = (home / "data").glob("state.before-restore-*")
    assert f"is kept in {old}" in restored.output
    assert "Copied from the old state: github-app.pem." in restored.output
    assert (home / "data/state/polls.json").read_text() == '{"open": []}'
    assert (old / "polls.json").read_text() == "broken"


def test_programs_get_json(home: Path) -> None:
    made = json.loads(run("backup", "--json").stdout)
    listed = json.loads(run("backup", "list", "--json").stdout)
    assert listed == [made]
    assert (made["runs"], made["audit"]["number"], made["damaged"]) == (1, 20, False)
    report = json.loads(run("restore", made["file"], "--json").stdout)
    assert report["restored"] is True
    assert Path(report["old_state"]).is_dir()


def test_another_folder_or_file_may_be_named(home: Path) -> None:
    assert run("backup", "--to", "elsewhere").exit_code == 0
    assert len(archives(home / "elsewhere")) == 1
    assert run("backup", "--to", "mine.tar.gz").exit_code == 0
    assert run("restore", "mine.tar.gz", "--verify-only").exit_code == 0
    assert "exists already" in refused("backup", "--to", "mine.tar.gz")
    assert "is not a folder" in refused("backup", "--to", "data/config.yaml")
    assert run("backup", "list").exit_code == 0
    assert archives(home / "data/state/backups") == []


def test_a_damaged_one_is_listed_as_that(home: Path) -> None:
    (home / "data/state/backups/theseus-20261121T033000Z.tar.gz").write_bytes(b"half")
    assert "DAMAGED" in run("backup", "list").output
    assert json.loads(run("backup", "list", "--json").stdout)[0]["damaged"] is True


def test_a_running_bot_is_not_restored_under(home: Path) -> None:
    assert run("backup").exit_code == 0
    (file,) = archives(home / "data/state/backups")
    with hold(home / "data/state"):
        assert run("backup").exit_code == 0
        assert "Stop it first" in refused("restore", file.name)


def test_what_is_not_there_is_said(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert "theseus backup list" in refused("restore", "nothing.tar.gz")
    assert "There are no backups" in run("backup", "list").output
    assert list((home / "data").glob("state.*")) == []


def test_where_there_is_no_state_no_backup_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    done = run("backup")
    assert done.exit_code == 1
    assert "There is no state yet" in done.output
    assert not (tmp_path / "data/state").exists()


def test_a_shell_completes_the_archives(home: Path) -> None:
    assert run("backup").exit_code == 0
    (file,) = archives(home / "data/state/backups")
    assert [path for path, _ in complete_backup("theseus-")] == [str(file)]
    assert complete_backup("nope") == []
    (home / "data/config.yaml").write_text("nonsense: true\n")
    assert complete_backup("") == []

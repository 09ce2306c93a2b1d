"""A shell completes commands, options and ids of runs."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.adapters.sqlite_store import SqliteStore
from bot.cli.main import build_command_line
from bot.cli.run_ids import complete_run_id
from tests.bot.presentation.test_cards import RUN

# What bash does at Tab, with the words that stand there.
_TAB = """
eval "$(theseus completion bash)"
for line in "theseus jour" "theseus audit --ru" "theseus runs show {start}"; do
    COMP_WORDS=($line)
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    _theseus_completion theseus
    echo "${{COMPREPLY[@]}}"
done
"""


async def _kept(state: Path) -> None:
    async with SqliteStore(state / "theseus.sqlite3") as store:
        await store.create(RUN)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    config = "checks: {quick: [{name: lint, command: [ruff, check]}]}\n"
    (tmp_path / "data/config.yaml").write_text(config)
    asyncio.run(_kept(tmp_path / "data/state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_bash_completes_commands_options_and_ids(home: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", _TAB.format(start=RUN.id[:2])], cwd=home, env={"PATH": path}, timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.splitlines(), done.stderr) == (["journal", "--run", RUN.id], "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_the_program_by_its_variable(shell: str) -> None:
    script = CliRunner().invoke(build_command_line(), ["completion", shell]).stdout
    assert f"_THESEUS_COMPLETE=complete_{shell}" in script


def test_runs_are_completed_without_anything_that_people_wrote(home: Path) -> None:
    assert complete_run_id(RUN.id[:1]) == [(RUN.id, "fix, queued")]
    assert complete_run_id("nope") == []


def test_where_nothing_is_kept_or_the_settings_are_wrong_nothing_is_completed(home: Path) -> None:
    (home / "data/state/theseus.sqlite3").unlink()
    assert complete_run_id("") == []
    (home / "data/config.yaml").write_text("nonsense: true\n")
    assert complete_run_id("") == []

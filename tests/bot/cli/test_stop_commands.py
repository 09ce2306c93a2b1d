"""`theseus stop` and SIGUSR1, on real processes."""

import asyncio
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.adapters.sqlite_store import SqliteStore
from bot.cli.main import build_command_line
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
# Sends itself the signal where nobody can have listened yet, then goes on as the bot does.
_EARLY = """
import asyncio, os, signal
import bot.infra.signals
os.kill(os.getpid(), signal.SIGUSR1)
async def main():
    heard = asyncio.Event()
    bot.infra.signals.listen_for_stop(heard.set)
    await asyncio.wait_for(heard.wait(), 5)
    heard.clear()
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(heard.wait(), 5)
    print("heard both")
asyncio.run(main())
"""


def theseus(*words: str) -> str:
    """Run the command line; return what it printed."""
    done = CliRunner().invoke(build_command_line(), words, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_from_the_machine_it_is_stopped_and_lifted_and_both_are_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a readable configuration too: that is no reason not to stop."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THESEUS_STATE", "state")
    (tmp_path / "state").mkdir()
    kill_switch = FileKillSwitch(tmp_path / "state" / "STOP")
    assert "is active until `theseus stop --lift`" in theseus("stop", "--why", "too hot")
    stop = asyncio.run(kill_switch.get_stop())
    assert stop is not None
    assert (stop.how, stop.why) == ("command line", "too hot")
    assert theseus("stop", "--lift") == "The stop is lifted.\n"
    assert asyncio.run(kill_switch.get_stop()) is None
    entries = asyncio.run(_entries(tmp_path / "state"))
    assert [(entry.action, entry.how) for entry in entries] == [
        ("lift", "command line"),
        ("stop", "command line"),
    ]


@pytest.mark.parametrize("words", [["stop"], ["stop", "--lift"]])
def test_where_there_is_no_bot_nobody_is_told_that_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(build_command_line(), words)
    assert isinstance(done.exception, ConfigError)
    assert f"{tmp_path} contains no bot" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").touch()
    theseus("stop")
    assert stat.S_IMODE((tmp_path / "data/state").stat().st_mode) == 0o700


async def _entries(state: Path) -> Sequence[AuditEntry]:
    async with SqliteStore(state / "theseus.sqlite3") as store:
        return await store.list_audit_entries()


def test_a_signal_that_comes_before_anybody_listens_is_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _EARLY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "heard both\n"), done.stderr

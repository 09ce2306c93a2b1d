"""The plumbing under every git adapter: locks, cancelling, and errors that name the way out."""

import asyncio
import threading
from pathlib import Path

import pytest

from bot.domain.errors import ForgeUnavailable
from bot.infra.file_lock import FileLock, Locked
from bot.infra.git import Git, in_thread
from tests.fakes.repositories import repository


def test_a_lock_excludes_everybody_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "run.lock"
    with FileLock(path), pytest.raises(Locked), FileLock(path):
        pass
    assert not path.exists()
    with FileLock(path):
        assert path.exists()


async def test_a_cancelled_caller_waits_for_the_end_of_the_call() -> None:
    started, may_end = threading.Event(), threading.Event()
    ended: list[str] = []

    def work() -> None:
        started.set()
        assert may_end.wait(10)
        ended.append("ended")

    caller = asyncio.ensure_future(in_thread(work))
    assert await asyncio.to_thread(started.wait, 10)
    caller.cancel()
    await asyncio.sleep(0)
    caller.cancel()  # again is no way out either
    await asyncio.sleep(0)
    assert not caller.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended == ["ended"]


async def test_errors_of_the_call_reach_the_caller() -> None:
    def fail() -> None:
        raise KeyError("why")

    with pytest.raises(KeyError, match="why"):
        await in_thread(fail)


def test_a_missing_git_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ForgeUnavailable, match="install git"):
        Git(tmp_path, error=ForgeUnavailable).run("version")


def test_failures_keep_gits_own_words_out_of_the_message(tmp_path: Path) -> None:
    repository(tmp_path / "r")
    with pytest.raises(ForgeUnavailable) as failed:
        Git(tmp_path / "r", error=ForgeUnavailable).run("cat-file", "-p", "absent")
    assert "absent" not in str(failed.value)
    assert "absent" in failed.value.detail


@pytest.mark.parametrize("name", ["--help", "-1", "a b", "main\n", "HEAD..main", "", ":/Initial"])
def test_what_cannot_name_a_commit_names_none(tmp_path: Path, name: str) -> None:
    repository(tmp_path / "r")
    git = Git(tmp_path / "r")
    assert git.try_revision(name) is None
    assert git.try_revision("HEAD") == git.revision("main")

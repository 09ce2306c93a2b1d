# ruff: noqa: ASYNC240  # small files of the test's own
"""The stop as a file: any content means stop, and writes are atomic."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.domain.errors import StoreError
from bot.domain.stop import Stop

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
STOP = Stop(how="signal", at=AT)


def _folder(path: Path) -> None:
    path.mkdir()


def _dangling(path: Path) -> None:
    path.symlink_to("/nowhere/at/all")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _written(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def _locked(path: Path) -> None:
    path.touch(mode=0)


def _ages_hence(path: Path) -> None:
    path.touch()
    os.utime(path, (2**60, 2**60))


THINGS = (
    _written(b""),
    _written(b"\xff\xfe garbage \x00"),
    _written(b'{"how": "magic", "at": 7}'),
    _written(b'{"how": "slash"'),
    _written(b"[" * 200_000),
    _folder,
    _dangling,
    _pipe,
    _locked,
)


@pytest.mark.parametrize("put", THINGS)
async def test_whatever_lies_there_means_stop_and_is_lifted(
    put: Callable[[Path], None], tmp_path: Path
) -> None:
    kill_switch = FileKillSwitch(tmp_path / "STOP")
    put(kill_switch.path)
    stop = await kill_switch.get_stop()
    assert stop is not None
    assert (stop.how, stop.by) == ("file", None)
    assert await kill_switch.get_stop() == stop  # the same one, whenever it is looked at
    assert await kill_switch.pull(STOP) == stop
    await kill_switch.lift()
    assert await kill_switch.get_stop() is None
    assert list(tmp_path.iterdir()) == []


async def test_a_file_of_no_age_a_clock_can_tell_means_stop(tmp_path: Path) -> None:
    kill_switch = FileKillSwitch(tmp_path / "STOP")
    try:
        _ages_hence(kill_switch.path)
    except OSError:
        pytest.skip("this file system knows no such time")
    assert await kill_switch.get_stop() is not None


async def test_a_state_folder_that_cannot_be_looked_into_means_stop(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert await FileKillSwitch(loop / "STOP").get_stop() is not None


async def test_a_folder_with_something_in_it_stays_and_says_so(tmp_path: Path) -> None:
    kill_switch = FileKillSwitch(tmp_path / "STOP")
    kill_switch.path.mkdir()
    (kill_switch.path / "kept").touch()
    with pytest.raises(StoreError, match="Remove it yourself"):
        await kill_switch.lift()
    assert await kill_switch.get_stop() is not None


async def test_a_stop_that_cannot_be_kept_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(StoreError, match="touch"):
        await FileKillSwitch(tmp_path / "state" / "STOP").pull(STOP)


async def test_only_the_file_itself_is_left_and_only_this_user_reads_it(tmp_path: Path) -> None:
    kill_switch = FileKillSwitch(tmp_path / "STOP")
    await kill_switch.pull(STOP)
    assert [path.name for path in tmp_path.iterdir()] == ["STOP"]
    assert kill_switch.path.stat().st_mode & 0o777 == 0o600
    assert await FileKillSwitch(kill_switch.path).get_stop() == STOP

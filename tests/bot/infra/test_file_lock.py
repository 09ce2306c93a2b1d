"""A lock that two processes see."""

from pathlib import Path

import pytest

from bot.infra.file_lock import FileLock, Locked


def test_a_lock_excludes_everybody_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "run.lock"
    with FileLock(path), pytest.raises(Locked), FileLock(path):
        pass
    assert not path.exists()
    with FileLock(path):
        assert path.exists()

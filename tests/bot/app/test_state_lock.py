"""The state folder is for its owner alone, whoever made it."""

import stat
from pathlib import Path

from bot.app.state_lock import hold


def test_nobody_else_gets_into_a_state_folder_that_was_open(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    with hold(state):
        assert stat.S_IMODE(state.stat().st_mode) == 0o700

"""Reloads are invisible to users: every command is answered, by the old or the new code."""

from pathlib import Path

import pytest

from tests.support.reload_load import measure_reloads


@pytest.mark.slow
async def test_thirty_reloads_under_commands_fail_none_and_leave_nothing(tmp_path: Path) -> None:
    load = await measure_reloads(tmp_path, 30, commands=100, a_second=100)
    assert load.failed == ()
    assert load.driven.answered == 100
    assert load.more == 0, "there is one cog, of the newest code"

"""A refused restart leaves nothing waiting, unless the checkout could not be restored."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.domain.restart import RestartReport
from bot.self_improvement.reporting.restart_notices import RestartNotices
from bot.telemetry import Recorder
from tests.support.agent_harness import DEV, AgentHarness


@pytest.mark.parametrize(("not_back", "calls"), [("", 1), ("the checkout is in use", 0)])
async def test_the_refused_commit_is_left_only_where_the_checkout_is_back(
    tmp_path: Path, not_back: str, calls: int
) -> None:
    world, noted = AgentHarness(tmp_path), list[str]()
    refused: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()

    async def leave_refused() -> None:
        noted.append("left")

    async def open_incident(_: RestartReport) -> None:
        raise AssertionError("nothing was rolled back")

    recorder = Recorder(world.journal, world.clock, tmp_path, b"salt", lambda: None)
    notices = RestartNotices(
        world.store, world.chat, recorder, DEV, {}, refused, open_incident, leave_refused
    )
    refused.put_nowait(
        {"commit": "b" * 40, "previous": "a" * 40, "not_back": not_back, "why": "no"}
    )
    working = asyncio.create_task(notices.run_forever())
    async with asyncio.timeout(5):
        while not world.chat.list_texts(DEV):
            await world.clock.advance(0)
    working.cancel()
    await asyncio.wait([working])
    assert len(noted) == calls
    assert "I did not restart onto `bbbbbbb`" in world.chat.list_texts(DEV)[0]

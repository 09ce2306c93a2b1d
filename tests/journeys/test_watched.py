"""After a merge: what holds is called fixed; what does not is taken back by a press."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.demo.workspace import DemoWorkspace
from tests.fakes.small_bot_repository import FILE, FLIP, SPIN
from tests.support.casts import Cast, scripted
from tests.support.page_reader import text_of
from tests.support.small_world import SmallWorld, small_world

pytestmark = pytest.mark.slow

WATCH = {"minutes": 5, "volume": 10, "least_minutes": 0.02}
NOT_ENOUGH = (FILE, "COLOURS[number]", "COLOURS[0 if number == 3 else number]")


@asynccontextmanager
async def watched(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
    """The scripted cast, with watches that need no day; it starts nothing by itself."""
    content: dict[str, Any] = yaml.safe_load(workspace.config.read_text(encoding="utf-8"))
    content |= {"watch": WATCH, "autonomy": {"level": "report"}}
    workspace.config.write_text(yaml.safe_dump(content), encoding="utf-8")
    async with scripted(workspace, folder) as cast:
        yield cast


async def _plays(world: SmallWorld, times: int, command: str, **options: object) -> None:
    for _ in range(times):
        await world.bob.person.run("dev", command, **options)


async def test_a_fix_is_watched_and_one_that_did_not_hold_is_taken_back(tmp_path: Path) -> None:
    async with small_world(tmp_path, watched) as world:
        alice = world.alice
        await _plays(world, 7, "flip", side="rim")
        await _plays(world, 3, "flip", side="heads")
        thread, _ = await world.proposed(FLIP)
        await alice.person.say(thread, "ship it")
        assert "I watch whether it holds" in (await alice.live(thread))["content"]
        await asyncio.gather(*(_plays(world, 6, "flip", side="rim") for _ in range(2)))
        held = await alice.said(thread, "**Fixed.**")
        assert "8 in 11 actions before, 0 in 12 after" in held["content"]

        world.script({"spin": [{"edits": [NOT_ENOUGH], "summary": "three is red"}]})
        await world.break_it(SPIN)
        thread = await alice.ask(SPIN.complaint)
        await alice.proposal(thread)
        await alice.person.say(thread, "ship it")
        await alice.live(thread)
        await _plays(world, 4, "spin", number=7)
        wrong = await alice.said(thread, "**Not fixed.**")
        assert "1 in 1 action before, 4 in 4 after" in wrong["content"]
        pressed = await alice.press(thread, wrong, "Revert it")
        found = re.search(r"<#(\d+)>", pressed)
        assert found, pressed
        card = await alice.proposal(found[1])
        assert "Revert of #2" in text_of(card).replace("\u200b", "")
        assert "4 in 4 after" in text_of(card)
        await alice.person.say(found[1], "ship it")
        await alice.live(found[1])
        await alice.said(thread, "Taken back by")
        await world.break_it(SPIN)
        assert world.pulls() == [(1, "merged"), (2, "merged"), (3, "merged")]
        await world.works(FLIP)
        await world.nothing_left()

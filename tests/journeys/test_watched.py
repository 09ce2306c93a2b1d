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
from tests.support.casts import Cast, open_scripted_cast
from tests.support.page_reader import get_text
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

WATCH = {"minutes": 5, "volume": 10, "least_minutes": 0.02}
NOT_ENOUGH = (FILE, "COLOURS[number]", "COLOURS[0 if number == 3 else number]")


@asynccontextmanager
async def watched(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
    """The scripted cast, with watches that need no day; it starts nothing by itself."""
    content: dict[str, Any] = yaml.safe_load(workspace.config.read_text(encoding="utf-8"))
    content |= {"watch": WATCH, "autonomy": {"level": "report"}}
    workspace.config.write_text(yaml.safe_dump(content), encoding="utf-8")
    async with open_scripted_cast(workspace, folder) as cast:
        yield cast


async def _plays(world: SmallBotHarness, times: int, command: str, **options: object) -> None:
    for _ in range(times):
        await world.bob.person.run("dev", command, **options)


async def test_a_fix_is_watched_and_one_that_did_not_hold_is_taken_back(tmp_path: Path) -> None:
    async with open_small_bot(tmp_path, watched) as world:
        alice = world.alice
        await _plays(world, 7, "flip", side="rim")
        await _plays(world, 3, "flip", side="heads")
        thread, _ = await world.propose_fix(FLIP)
        await alice.person.say(thread, "ship it")
        assert "I watch whether it works" in (await alice.wait_until_live(thread))["content"]
        await asyncio.gather(*(_plays(world, 6, "flip", side="rim") for _ in range(2)))
        held = await alice.wait_for_text(thread, "**Fixed.**")
        assert "8 in 11 actions before, 0 in 12 after" in held["content"]

        world.write_script({"spin": [{"edits": [NOT_ENOUGH], "summary": "three is red"}]})
        await world.break_command(SPIN)
        thread = await alice.ask(SPIN.report)
        await alice.wait_for_proposal(thread)
        await alice.person.say(thread, "ship it")
        await alice.wait_until_live(thread)
        await _plays(world, 4, "spin", number=7)
        wrong = await alice.wait_for_text(thread, "**Not fixed.**")
        assert "1 in 1 action before, 4 in 4 after" in wrong["content"]
        pressed = await alice.press(thread, wrong, "Revert it")
        found = re.search(r"<#(\d+)>", pressed)
        assert found, pressed
        card = await alice.wait_for_proposal(found[1])
        assert "Revert of #2" in get_text(card).replace("\u200b", "")
        assert "4 in 4 after" in get_text(card)
        await alice.person.say(found[1], "ship it")
        await alice.wait_until_live(found[1])
        await alice.wait_for_text(thread, "Reverted by")
        await world.break_command(SPIN)
        assert world.list_pulls() == [(1, "merged"), (2, "merged"), (3, "merged")]
        await world.check_command(FLIP)
        await world.wait_until_clean()

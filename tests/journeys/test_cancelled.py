"""Cancel ends a run and everything it started, within five seconds."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import MakeCast
from tests.support.page_reader import get_buttons, get_text
from tests.support.parameter_choice import EXHAUSTIVE
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

STUCK = "sleep 500"


async def _by_text(world: SmallBotHarness, thread: str) -> None:
    await world.alice.person.say(thread, "cancel")


async def _by_button(world: SmallBotHarness, thread: str) -> None:
    card = await world.alice.person.wait_for(thread, lambda m: "Cancel" in get_buttons(m))
    assert "Cancelled" in await world.alice.press(thread, card, "Cancel")


async def _by_command(world: SmallBotHarness, thread: str) -> None:
    run = world.get_run(thread)["id"]
    assert "Cancelled" in await world.carol.run("dev", "runs cancel", run=run)


WAYS = (_by_text, _by_button, _by_command)


PLAYED = [
    pytest.param("execute", _by_text, "offline", marks=EXHAUSTIVE),
    ("execute", _by_text, "claude and github"),
    ("verify", _by_command, "offline"),
    pytest.param("execute", _by_command, "offline", marks=EXHAUSTIVE),
    pytest.param("verify", _by_text, "offline", marks=EXHAUSTIVE),
    *(pytest.param(at, _by_button, "offline", marks=EXHAUSTIVE) for at in ("execute", "verify")),
]


@pytest.mark.parametrize(("stage", "way", "cast"), PLAYED, indirect=["cast"])
async def test_cancel_ends_a_run_within_five_seconds_and_leaves_no_process(
    stage: str,
    way: Callable[[SmallBotHarness, str], Awaitable[None]],
    cast: MakeCast,
    tmp_path: Path,
) -> None:
    checks = ["{name: for ever, command: [sleep, '500'], seconds: 600}"] * (stage == "verify")
    async with open_small_bot(tmp_path, cast, checks=checks) as world:
        turn = {"edits": [SPIN.edit]} | ({"run": STUCK.split()} if stage == "execute" else {})
        world.write_script({"spin": [turn]})
        await world.break_command(SPIN)
        thread = await world.alice.ask(SPIN.report)
        await world.wait_until(
            lambda: any(STUCK in line for line in world.list_leftovers()), 120, every=0.1
        )
        assert world.get_run(thread)["stage"] == stage
        began = time.monotonic()
        await way(world, thread)
        end = await world.alice.wait_for_end(thread, 5)
        await world.wait_until_clean(5)
        assert time.monotonic() - began < 5
        assert "Cancelled by" in get_text(end)
        assert world.get_run(thread)["status"] == "cancelled"
        assert world.list_pulls() == []
        assert (await world.alice.person.get_world())["bot"]["online"]
        await world.alice.check_wording()

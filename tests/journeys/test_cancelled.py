"""Cancel ends a run and everything it started, within five seconds."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import MakeCast
from tests.support.choosing import EXHAUSTIVE
from tests.support.page_reader import buttons, text_of
from tests.support.small_world import SmallWorld, small_world

pytestmark = pytest.mark.slow

STUCK = "sleep 500"


async def _by_text(world: SmallWorld, thread: str) -> None:
    await world.alice.person.say(thread, "cancel")


async def _by_button(world: SmallWorld, thread: str) -> None:
    card = await world.alice.person.wait_for(thread, lambda m: "Cancel" in buttons(m))
    assert "Cancelled" in await world.alice.press(thread, card, "Cancel")


async def _by_command(world: SmallWorld, thread: str) -> None:
    run = world.run_in(thread)["id"]
    assert "Cancelled" in await world.carol.run("dev", "runs cancel", run=run)


WAYS = (_by_text, _by_button, _by_command)


PLAYED = [
    ("execute", _by_text, "offline"),
    ("execute", _by_text, "claude and github"),
    ("verify", _by_command, "offline"),
    pytest.param("execute", _by_command, "offline", marks=EXHAUSTIVE),
    pytest.param("verify", _by_text, "offline", marks=EXHAUSTIVE),
    *(pytest.param(at, _by_button, "offline", marks=EXHAUSTIVE) for at in ("execute", "verify")),
]


@pytest.mark.parametrize(("stage", "way", "cast"), PLAYED, indirect=["cast"])
async def test_cancel_ends_a_run_within_five_seconds_and_leaves_no_process(
    stage: str, way: Callable[[SmallWorld, str], Awaitable[None]], cast: MakeCast, tmp_path: Path
) -> None:
    checks = ["{name: for ever, command: [sleep, '500'], seconds: 600}"] * (stage == "verify")
    async with small_world(tmp_path, cast, checks=checks) as world:
        turn = {"edits": [SPIN.edit]} | ({"run": STUCK.split()} if stage == "execute" else {})
        world.script({"spin": [turn]})
        await world.break_it(SPIN)
        thread = await world.alice.ask(SPIN.complaint)
        await world.until(lambda: any(STUCK in line for line in world.leftovers()), 120, every=0.1)
        assert world.run_in(thread)["stage"] == stage
        began = time.monotonic()
        await way(world, thread)
        end = await world.alice.ended(thread, 5)
        await world.nothing_left(5)
        assert time.monotonic() - began < 5
        assert "Cancelled by" in text_of(end)
        assert world.run_in(thread)["status"] == "cancelled"
        assert world.pulls() == []
        assert (await world.alice.person.world())["bot"]["online"]
        await world.alice.reads_well()

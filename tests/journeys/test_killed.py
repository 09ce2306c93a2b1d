"""Killed (kill -9) at any moment and started again: the run goes on, and nothing happens twice."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import MakeCast
from tests.support.choosing import EXHAUSTIVE
from tests.support.page_reader import is_proposal, text_of
from tests.support.small_world import SmallWorld, small_world

pytestmark = pytest.mark.slow

A_WHILE = [{"run": ["sleep", "2"], "edits": [SPIN.edit], "summary": "mend spin"}]
FOR_EVER = [{"run": ["sleep", "500"], "edits": [SPIN.edit], "summary": "mend spin"}]


def _at(stage: str) -> Callable[[SmallWorld], bool]:
    def there(world: SmallWorld) -> bool:
        run = world.runs()[-1]
        return bool(run["stage"] == stage and run["status"] == "running")

    return there


def _pull_is(state: str) -> Callable[[SmallWorld], bool]:
    return lambda world: [was for _, was in world.pulls()] == [state]


BEFORE_THE_CARD: dict[str, Callable[[SmallWorld], bool]] = {
    "observe": _at("observe"),
    "plan": _at("plan"),
    "execute": _at("execute"),
    "verify": _at("verify"),
    "propose": _at("propose"),
    "propose, with the pull request open": _pull_is("open"),
}
AFTER_THE_WORD: dict[str, Callable[[SmallWorld], bool]] = {
    "ship": _at("ship"),
    "ship, with the merge done": _pull_is("merged"),
}


# Where the engine or the forge makes a difference, the other cast plays it too.
WITH_CLAUDE = {
    "plan",
    "execute",
    "propose, with the pull request open",
    "ship, with the merge done",
}


# By what these do, the others do it too.
ALWAYS = {
    ("execute", "claude and github"),
    ("verify", "offline"),
    ("propose, with the pull request open", "offline"),
    ("ship, with the merge done", "offline"),
}


def _played(moments: Iterable[str]) -> list[ParameterSet]:
    return [
        pytest.param(moment, cast, marks=() if (moment, cast) in ALWAYS else EXHAUSTIVE)
        for moment in moments
        for cast in ("offline", "claude and github")
        if cast == "offline" or moment in WITH_CLAUDE
    ]


@pytest.mark.parametrize(("moment", "cast"), _played(BEFORE_THE_CARD), indirect=["cast"])
async def test_killed_on_the_way_to_a_proposal_the_run_goes_on_to_one(
    moment: str, cast: MakeCast, tmp_path: Path
) -> None:
    async with small_world(tmp_path, cast) as world:
        world.script({"spin": A_WHILE})
        await world.break_it(SPIN)
        said = await world.alice.person.say("dev", SPIN.complaint)
        await world.until(lambda: BEFORE_THE_CARD[moment](world), 90)
        world.kill()
        await world.restarted(2)
        thread = await world.alice.thread(said)
        await world.alice.proposal(thread, timeout=120)
        await world.alice.person.say(thread, "ship it")
        await world.alice.live(thread)
        await _once(world, thread)


@pytest.mark.parametrize(("moment", "cast"), _played(AFTER_THE_WORD), indirect=["cast"])
async def test_killed_while_shipping_the_run_comes_live_once(
    moment: str, cast: MakeCast, tmp_path: Path
) -> None:
    async with small_world(tmp_path, cast) as world:
        thread, _ = await world.proposed(SPIN)
        await world.alice.person.say(thread, "ship it")
        await world.until(lambda: AFTER_THE_WORD[moment](world), 90)
        world.kill()
        await world.restarted(2)
        await world.alice.live(thread)
        await _once(world, thread)


async def test_killed_twice_in_the_same_stage_a_run_is_quarantined_and_says_so(
    tmp_path: Path,
) -> None:
    async with small_world(tmp_path) as world:
        world.script({"spin": FOR_EVER})
        await world.break_it(SPIN)
        thread = await world.alice.ask(SPIN.complaint)
        await world.until(lambda: _sleeping(world) and _at("execute")(world), 90, every=0.1)
        world.kill()
        await world.restarted(2)
        await world.alice.said(thread, "I was restarted while")
        await world.until(lambda: _sleeping(world) and _at("execute")(world), 90, every=0.1)
        world.kill()
        await world.restarted(3)
        end = await world.alice.ended(thread)
        assert end["content"].startswith("☣️"), end["content"]
        assert "/runs retry" in text_of(end)
        assert world.run_in(thread)["status"] == "quarantined"
        assert world.pulls() == []
        await world.alice.reads_well()
        await world.nothing_left()


def _sleeping(world: SmallWorld) -> bool:
    return any("sleep 500" in line for line in world.leftovers())


async def _once(world: SmallWorld, thread: str) -> None:
    await world.works(SPIN)
    told: list[dict[str, Any]] = (await world.alice.transcript())[thread]
    assert sum(is_proposal(message) for message in told) == 1
    assert sum("live at" in message["content"].lower() for message in told) == 1
    assert sum("run " + world.run_in(thread)["id"] in text_of(m) for m in told) == 2
    assert world.pulls() == [(1, "merged")]
    assert len(world.merges()) == 1
    assert len(await world.alice.person.threads("dev")) == 1
    await world.alice.reads_well()
    await world.nothing_left()

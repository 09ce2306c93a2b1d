"""Killed (kill -9) at any moment and started again: the run goes on, and nothing happens twice."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import MakeCast
from tests.support.page_reader import get_text, is_proposal
from tests.support.parameter_choice import EXHAUSTIVE
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

A_WHILE = [{"run": ["sleep", "2"], "edits": [SPIN.edit], "summary": "mend spin"}]
FOR_EVER = [{"run": ["sleep", "500"], "edits": [SPIN.edit], "summary": "mend spin"}]


def _at(stage: str) -> Callable[[SmallBotHarness], bool]:
    def there(world: SmallBotHarness) -> bool:
        run = world.list_runs()[-1]
        return bool(run["stage"] == stage and run["status"] == "running")

    return there


def _pull_is(state: str) -> Callable[[SmallBotHarness], bool]:
    return lambda world: [was for _, was in world.list_pulls()] == [state]


BEFORE_THE_CARD: dict[str, Callable[[SmallBotHarness], bool]] = {
    "observe": _at("observe"),
    "plan": _at("plan"),
    "execute": _at("execute"),
    "verify": _at("verify"),
    "propose": _at("propose"),
    "propose, with the pull request open": _pull_is("open"),
}
AFTER_THE_WORD: dict[str, Callable[[SmallBotHarness], bool]] = {
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
    async with open_small_bot(tmp_path, cast) as world:
        world.write_script({"spin": A_WHILE})
        await world.break_command(SPIN)
        said = await world.alice.person.say("dev", SPIN.report)
        await world.wait_until(lambda: BEFORE_THE_CARD[moment](world), 90)
        world.kill()
        await world.wait_until_restarted(2)
        thread = await world.alice.wait_for_thread(said)
        await world.alice.wait_for_proposal(thread, timeout=120)
        await world.alice.person.say(thread, "ship it")
        await world.alice.wait_until_live(thread)
        await _once(world, thread)


@pytest.mark.parametrize(("moment", "cast"), _played(AFTER_THE_WORD), indirect=["cast"])
async def test_killed_while_shipping_the_run_comes_live_once(
    moment: str, cast: MakeCast, tmp_path: Path
) -> None:
    async with open_small_bot(tmp_path, cast) as world:
        thread, _ = await world.propose_fix(SPIN)
        await world.alice.person.say(thread, "ship it")
        await world.wait_until(lambda: AFTER_THE_WORD[moment](world), 90)
        world.kill()
        await world.wait_until_restarted(2)
        await world.alice.wait_until_live(thread)
        await _once(world, thread)


async def test_killed_twice_in_the_same_stage_a_run_is_quarantined_and_says_so(
    tmp_path: Path,
) -> None:
    async with open_small_bot(tmp_path) as world:
        world.write_script({"spin": FOR_EVER})
        await world.break_command(SPIN)
        thread = await world.alice.ask(SPIN.report)
        await world.wait_until(lambda: _sleeping(world) and _at("execute")(world), 90, every=0.1)
        world.kill()
        await world.wait_until_restarted(2)
        await world.alice.wait_for_text(thread, "I was restarted while")
        await world.wait_until(lambda: _sleeping(world) and _at("execute")(world), 90, every=0.1)
        world.kill()
        await world.wait_until_restarted(3)
        end = await world.alice.wait_for_end(thread)
        assert end["content"].startswith("☣️"), end["content"]
        assert "/runs retry" in get_text(end)
        assert world.get_run(thread)["status"] == "quarantined"
        assert world.list_pulls() == []
        await world.alice.check_wording()
        await world.wait_until_clean()


def _sleeping(world: SmallBotHarness) -> bool:
    return any("sleep 500" in line for line in world.list_leftovers())


async def _once(world: SmallBotHarness, thread: str) -> None:
    await world.check_command(SPIN)
    told: list[dict[str, Any]] = (await world.alice.read_transcript())[thread]
    assert sum(is_proposal(message) for message in told) == 1
    assert sum("live at" in message["content"].lower() for message in told) == 1
    assert sum("run " + world.get_run(thread)["id"] in get_text(m) for m in told) == 2
    assert world.list_pulls() == [(1, "merged")]
    assert len(world.list_merges()) == 1
    assert len(await world.alice.person.list_threads("dev")) == 1
    await world.alice.check_wording()
    await world.wait_until_clean()

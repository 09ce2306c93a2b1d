"""Killed (kill -9) at any effect and started again: the run goes on, and nothing happens twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.page_reader import get_text
from tests.support.parameter_choice import EXHAUSTIVE
from tests.support.reliability.harness import Outcome, Reliability
from tests.support.reliability.points import (
    KILLS,
    FaultPoint,
    Strike,
    build_points,
    choose_points,
)
from tests.support.reliability.stories import STORIES
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

FOR_EVER = [{"run": ["sleep", "500"], "edits": [SPIN.edit], "summary": "mend spin"}]


def _at(stage: str) -> Callable[[SmallBotHarness], bool]:
    def there(world: SmallBotHarness) -> bool:
        run = world.list_runs()[-1]
        return bool(run["stage"] == stage and run["status"] == "running")

    return there


FIXED = Outcome(
    runs=(("fix", "done"),),
    pulls=((1, "merged"),),
    merges=1,
    threads=1,
    cards=1,
    announcements=1,
    ends=0,
)
TELLING = (
    FaultPoint("discord POST /channels/*/messages/*/threads", 1, Strike.KILL_DURING),
    FaultPoint("program git commit", 1, Strike.KILL_AFTER),
    FaultPoint("state theseus.sqlite3: approvals", 1, Strike.KILL_AFTER),
    FaultPoint("program git merge", 1, Strike.KILL_DURING),
)
"""One story with a kill in four of its stages: what was done is not written down yet."""
POINTS = 12
"""Of each kind of run, `make exhaustive` tries so many; `python -m bench reliability` tries all."""


async def test_killed_in_four_stages_a_run_comes_live_once(tmp_path: Path) -> None:
    trial = await Reliability("fix").try_points(TELLING, FIXED, tmp_path)
    assert trial.problem == ""
    assert trial.has_struck


@pytest.mark.parametrize(
    ("kind", "cast"),
    [
        pytest.param(kind, cast, marks=EXHAUSTIVE)
        for kind, story in STORIES.items()
        for cast in story.casts
    ],
)
async def test_killed_at_any_effect_the_outcome_is_the_same(
    kind: str, cast: str, tmp_path: Path
) -> None:
    story = Reliability(kind, cast)
    effects, outcome = await story.record(tmp_path / "whole")
    for number, point in enumerate(choose_points(build_points(effects, KILLS), POINTS)):
        trial = await story.try_points([point], outcome, tmp_path / str(number))
        assert trial.problem == "", str(point)


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

"""Candidates of a requested change are written at once, where workers and the budget allow it."""

from pathlib import Path

from bot.domain.budget import Cap
from bot.domain.run import Waiting
from tests.bot.self_improvement.test_candidates import BAD, LONG, SHORT, several
from tests.bot.self_improvement.test_fix_candidates import CandidatesEngine
from tests.support.agent_harness import BUDGET, DORA
from tests.support.change_harness import propose_change


async def test_they_wait_for_each_other_and_the_smallest_that_holds_is_proposed(
    tmp_path: Path,
) -> None:
    world = several(tmp_path, workers=3)
    world.engine = CandidatesEngine(LONG, BAD, SHORT, waiting=3)  # in turn, it would never end
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert (run.waiting, run.round) == (Waiting.APPROVAL, 1), run.reason
        assert {each.candidate for each in world.engine.asked} == {1, 2, 3}
        assert all(each.approach is None for each in world.engine.asked)
        history = await world.store.get_history(run.id)
        assert history.candidates is not None
        assert history.candidates.is_side_by_side
        assert [each.number for each in history.candidates.held] == [1, 3]
        assert history.candidates.present == 3
        said = "\n".join(world.list_texts(run))
        assert "I write 3 candidates side by side, each judged by the same checks" in said
        assert "2. does not hold: " in said
        await agent.revise(run.id, DORA, "say it in French", "text", "m1")
        await world.wait_until(lambda now: now.round == 2, run.id)
        await world.wait_until_settled(run.id)
        assert world.engine.asked[-1].candidate == 3  # the conversation that wrote it
        assert world.engine.asked[-1].previous == history.change_set


async def test_without_room_for_all_at_once_they_are_written_in_turn(tmp_path: Path) -> None:
    world = several(tmp_path, LONG, SHORT, SHORT, workers=3)
    world.budget = world.budget.replace(run=Cap(usd=3.0))
    world.call_budget = BUDGET.replace(usd=2.0)
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert (run.waiting, run.round) == (Waiting.APPROVAL, 3), run.reason
        said = "\n".join(world.list_texts(run))
        assert "I write the 3 candidates one after the other: the budget has no room" in said
        assert [each.candidate for each in world.engine.asked] == [1, 2, 3]

"""A failure that a fix has ended is reported as fixed; later failures count again."""

from pathlib import Path

import pytest

from bot.domain.evidence import RequestAnswer
from bot.domain.proposal import Outcome
from bot.domain.run import Goal, Run, Status, Trigger
from bot.domain.watch import Judgement
from bot.grammar import COMMAND_LINE, parse
from bot.grammar.past_fixes import find_fix
from bot.intake import IntakeResult
from tests.fakes.fake_planner import FakePlanner
from tests.support.agent_harness import AgentHarness, make_capsule, make_failure
from tests.support.agent_under_test import AgentUnderTest
from tests.support.intake_harness import IntakeHarness


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    return AgentHarness(tmp_path)


async def shipped(world: AgentHarness, agent: AgentUnderTest) -> Run:
    """Return a run whose fix is live; a minute has passed since."""
    run = await world.propose_fix(agent)
    await agent.approve(world.build_approval(run))
    run = await world.wait_until(lambda each: each.status is Status.DONE, run.id)
    world.clock.tick(60)
    return run


async def asked_again(world: AgentHarness, agent: AgentUnderTest, goal: Goal = "fix") -> Run:
    run = await agent.request(world.make_trigger(goal=goal, key=f"again:{goal}"))
    return await world.wait_until_ended(run.id)


@pytest.mark.parametrize("goal", ["fix", "investigate"])
async def test_what_was_fixed_and_not_seen_since_is_told_so(
    world: AgentHarness, goal: Goal
) -> None:
    async with world.run_agent() as agent:
        fixed = await shipped(world, agent)
        learnt, worked = set(world.memory.stored), len(world.engine.asked)
        world.planner = FakePlanner()
        run = await asked_again(world, agent, goal)
    history = await world.store.get_history(run.id)
    commit = (await world.store.get_history(fixed.id)).shipment.merge_commit[:7]  # type: ignore[union-attr]
    assert run.status is Status.DONE
    assert run.reason.startswith(
        f"The IndexError of /roll was fixed in #1 (`{commit}`) and has not been seen since. It was "
        "merged at 2026-11-21 14:"
    )
    assert "It was seen 3 times before, last at 2026-11-21 14:00 UTC." in run.reason
    assert history.plan is None
    assert (set(world.memory.stored), len(world.engine.asked)) == (learnt, worked)


async def test_its_error_named_by_id_or_by_nothing_is_told_the_same(world: AgentHarness) -> None:
    old = world.journal.actions[-1].id
    async with world.run_agent() as agent:
        await shipped(world, agent)
        named = world.make_trigger("", key="named", error_id=old)
        for trigger in (named, world.make_trigger("", key="last")):
            run = await agent.request(trigger)
            assert "was fixed in #1" in (await world.wait_until_ended(run.id)).reason


async def test_what_failed_again_after_the_merge_is_worked_on_by_what_came_after(
    world: AgentHarness,
) -> None:
    async with world.run_agent() as agent:
        await shipped(world, agent)
        world.checkout = type(world.checkout)(
            files=dict(world.checkout.files), history=[world.workspaces.base]
        )
    world.journal.append(make_failure(world.clock))
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    diagnosis = (await world.store.get_history(run.id)).diagnosis
    assert diagnosis is not None
    assert diagnosis.count == 1
    assert diagnosis.cause.startswith("It was fixed in #1 (`")
    assert "but is seen again since 2026-11-21 14:" in diagnosis.cause


async def test_an_action_that_began_before_the_fix_came_live_is_no_new_failure(
    world: AgentHarness,
) -> None:
    async with world.run_agent() as agent:
        await shipped(world, agent)
        late = make_failure(world.clock).replace(duration_ms=120_000.0)
        world.journal.append(late)
        assert "has not been seen since" in (await asked_again(world, agent)).reason


async def test_another_failure_of_the_same_command_is_not_the_fixed_one(
    world: AgentHarness,
) -> None:
    async with world.run_agent() as agent:
        await shipped(world, agent)
        world.journal.append(make_failure(world.clock, make_capsule(fingerprint="other")))
        run = await agent.request(world.make_trigger("/roll", goal="investigate"))
        await world.wait_until_ended(run.id)
    diagnosis = (await world.store.get_history(run.id)).diagnosis
    assert diagnosis is not None
    assert (diagnosis.found, diagnosis.fingerprint) == (True, "other")


async def test_a_fix_that_waits_for_a_restart_says_so(world: AgentHarness) -> None:
    world.runtime.failing = {"cogs.dice": "SyntaxError: invalid"}
    async with world.run_agent() as agent:
        await shipped(world, agent)
        world.journal.append(make_failure(world.clock))
        run = await asked_again(world, agent)
    assert "is fixed in #1" in run.reason
    assert "which is not live yet" in run.reason
    assert "goes live with my next restart" in run.reason


@pytest.mark.parametrize(
    ("verdict", "said"),
    [("fixed", "I have watched it since: the fix works."), ("inconclusive", "I cannot tell yet")],
)
async def test_how_the_fix_turned_out_is_told(
    world: AgentHarness, verdict: Judgement, said: str
) -> None:
    async with world.run_agent() as agent:
        fixed = await shipped(world, agent)
        outcome = Outcome(run_id=fixed.id, verdict=verdict, at=world.clock.now())
        await world.store.append(fixed.id, outcome)
        assert said in (await asked_again(world, agent)).reason


async def test_a_fix_that_was_reverted_has_ended_nothing(world: AgentHarness) -> None:
    async with world.run_agent() as agent:
        fixed = await shipped(world, agent)
        undo = world.make_trigger("undo", goal="revert", key="undo").replace(reverts=fixed.id)
        run = fixed.replace(id="undone", goal="revert", trigger=undo, version=0)
        await world.store.create(run)
        assert "was fixed in" not in (await asked_again(world, agent, "investigate")).reason


BACK = "the dice thing you fixed yesterday is back"


def back(world: AgentHarness, key: str) -> Trigger:
    """Return a person's message about an old fix, as the grammar parses it."""
    subject = parse(BACK, COMMAND_LINE).slots.subject
    asked = world.make_trigger(subject, goal="investigate", key=key)
    return asked.replace(text=BACK)


async def test_an_old_fix_spoken_of_in_own_words_is_named_and_its_return_is_looked_into(
    world: AgentHarness,
) -> None:
    async with world.run_agent() as agent:
        fixed = await shipped(world, agent)
        world.clock.tick(86_400 + 60)  # what failed before it is not looked through any more
        intake = IntakeHarness(agent).intake
        answer = await intake.ask(back(world, "quiet"))
        assert isinstance(answer, RequestAnswer)
        assert answer.diagnosis.summary.startswith("The failure of /roll was fixed in #1 (`")
        assert "has not been seen since" in answer.diagnosis.summary
        other = make_capsule(exception="KeyError", fingerprint="0e0e0e0e0e0e")
        world.journal.append(make_failure(world.clock, other))
        asked = await intake.ask(back(world, "loud"))
        assert isinstance(asked, IntakeResult)
        run = await world.wait_until_ended(asked.run.id)
    history = await world.store.get_history(run.id)
    assert history.evidence is not None
    assert history.evidence.fix is not None
    assert history.evidence.fix.run_id == fixed.id
    assert history.diagnosis is not None
    assert history.diagnosis.fingerprint == "0e0e0e0e0e0e"
    assert "fixed another failure of it before" in history.diagnosis.cause


@pytest.mark.parametrize(
    "said", ["the weather you fixed is broken", "the dice are back", "you fixed it, it is back"]
)
async def test_no_fix_is_meant_where_it_is_not_named_or_not_spoken_of(
    world: AgentHarness, said: str
) -> None:
    async with world.run_agent() as agent:
        await shipped(world, agent)
        fixes = (await agent.fixes()).values()
    subject = parse(said, COMMAND_LINE).slots.subject
    assert find_fix(world.make_trigger(subject).replace(text=said), fixes) is None

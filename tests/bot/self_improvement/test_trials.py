"""Trying a proposal: a command's answer today, and with the proposed commit."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    PersonStep,
    PlayedError,
    PressStep,
    Script,
    ScriptWorld,
    Transcript,
    WebAnswer,
)

from bot.domain.errors import RehearsalError, TooMany, WrongStage
from bot.domain.journal import ActionOutcome
from bot.domain.replay import Replay
from bot.domain.traffic import TrafficRecord
from bot.presentation.cards import render_trial
from bot.self_improvement.checks.trials import MOST
from tests.fakes.differences import Files
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.support.agent_harness import AgentHarness
from tests.support.failures import make_capsule, make_failure


def faces(tree: Path, script: Script) -> Transcript:
    """Return the answers of the tree's dice."""
    fixed = "value - 1" in (tree / "cogs/dice.py").read_text("utf-8")
    return make_transcript(script, "@everyone\nit is **a**" if fixed else "@everyone\nit is **b**")


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    world = AgentHarness(tmp_path)
    inputs = {"dice": "'2d6'", "times": "3", "loud": "True", "odd": "(1, 2)"}
    world.journal = world.journal.__class__(
        [
            make_failure(world.clock, make_capsule(value="0").replace(inputs=inputs))
            for _ in range(3)
        ]
    )
    world.rehearsal = FakeRehearsal(faces)
    return world


async def test_both_answers_are_shown_and_nothing_in_them_rings(world: AgentHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        suggestion = await agent.trials.suggest_lines(run.id)
        trial = await agent.trials.run(run.id, suggestion)

    assert suggestion == "/roll dice:2d6 times:3 loud:true"
    assert (trial.before, trial.after) == (
        ("dev: @everyone", "  it is **b**"),
        ("dev: @everyone", "  it is **a**"),
    )
    text = render_trial(trial)
    assert "@everyone" not in text
    assert "it is **a**" in text
    assert "The answer is the same." not in text
    step = CommandStep(command="roll", options={"dice": "2d6", "times": 3, "loud": True})
    wanted = Script(world=ScriptWorld(cogs=("dice",)), steps=(step,))
    assert [script for _, script in world.rehearsal.replayed] == [wanted, wanted]


@pytest.mark.parametrize("line", ["", "roll dice:2d6", "/", '/roll dice:"2d6" more', "/a b:1 b:2"])
async def test_what_is_nothing_people_do_is_asked_for_again(world: AgentHarness, line: str) -> None:
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        with pytest.raises(WrongStage, match="/roll dice:2d6"):
            await agent.trials.run(run.id, line)


def pressed(world: AgentHarness) -> None:
    """Journal a failed press of a poll's button, three days after other polls."""
    newest = world.journal.actions[-1]
    there = {"server": "g-1", "channel": "c-1"}
    asker, other = Actor(name="asker"), Actor(name="other")
    made = CommandStep(by="asker", channel="general", command="poll", options={"about": "tea or"})
    press = PressStep(by="other", channel="general", press="tea", on="m1")
    about = {"cog": "polls", "pseudonyms": there}
    world.traffic.records += [
        TrafficRecord.model_validate(
            {**about, "event": "command.poll", "id": "1" * 32, "step": made, "people": (asker,),
             "at": newest.ts - timedelta(days=2), "pseudonyms": {**there, "asker": "u-1"}}
        ),
        TrafficRecord.model_validate(
            {**about, "event": "component.vote", "id": newest.id, "at": newest.ts, "step": press,
             "people": (other,), "outcome": ActionOutcome.ERROR,
             "pseudonyms": {**there, "other": "u-2"}}
        ),
    ]  # fmt: skip


def votes(tree: Path, script: Script) -> Transcript:
    """Return the answers of a poll and its button."""
    fixed = "value - 1" in (tree / "cogs/dice.py").read_text("utf-8")
    texts = ["a poll", *["thanks" if fixed else "Something went wrong"] * (len(script.steps) - 1)]
    return make_transcript(script, *texts)


async def test_a_button_that_failed_is_tried_with_what_made_it(world: AgentHarness) -> None:
    pressed(world)
    world.rehearsal = FakeRehearsal(votes)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        suggestion = await agent.trials.suggest_lines(run.id)
        trial = await agent.trials.run(run.id, f" {suggestion}\n\n")
        played = world.rehearsal.replayed[-1][1]
        typed = await agent.trials.run(run.id, "/poll about:tea\n@carol press: tea")

    assert suggestion == "@other2 /poll about:tea or\npress: tea"
    assert (trial.before, trial.after) == (
        ("general: Something went wrong",),
        ("general: thanks",),
    )
    assert played.world.cogs == ("dice", "polls")
    assert [each.channel for each in played.steps if isinstance(each, PersonStep)] == [
        "general", "general"
    ]  # fmt: skip
    assert (typed.asked, typed.after) == ("/poll about:tea; presses “tea”", ("dev: thanks",))
    people = world.rehearsal.replayed[-1][1].world.people
    assert [each.name for each in people] == ["alice", "bob", "carol"]


def unknown(tree: Path, script: Script) -> Transcript:
    """Return a transcript in which no cog has the command."""
    played = make_transcript(script, "x")
    nobody = [each.replace(seen=(), refused="there is no 'vote' here") for each in played.steps]
    return played.replace(steps=tuple(nobody))


async def test_a_command_of_another_cog_is_told_as_not_done_by_either(world: AgentHarness) -> None:
    world.rehearsal = FakeRehearsal(unknown)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        trial = await agent.trials.run(run.id, "/vote for:tea")
    assert (trial.is_incomplete, trial.cogs) == (True, ("dice",))
    assert "The answer is the same." not in render_trial(trial)


def middle(tree: Path, script: Script) -> Transcript:
    """Return the answers to three steps; the second differs once it is fixed."""
    fixed = "value - 1" in (tree / "cogs/dice.py").read_text("utf-8")
    return make_transcript(script, "one", "two" if fixed else "2", "x")


async def test_answers_on_the_way_are_shown_where_they_differ(world: AgentHarness) -> None:
    world.rehearsal = FakeRehearsal(middle)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        trial = await agent.trials.run(run.id, "/a\n/b\nsay: c")
    assert trial.before == ("/b:", "dev: 2", "says “c”:", "dev: x")
    assert trial.after == ("/b:", "dev: two", "says “c”:", "dev: x")


async def test_where_nothing_can_be_played_that_is_said(world: AgentHarness) -> None:
    world.rehearsal.error = RehearsalError("install bubblewrap")
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        with pytest.raises(RehearsalError, match="install bubblewrap"):
            await agent.trials.run(run.id, "/roll")


async def test_without_a_proposal_there_is_nothing_to_try(world: AgentHarness) -> None:
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger(goal="investigate"))
        with pytest.raises(WrongStage, match="proposed nothing"):
            await agent.trials.run(run.id, "/roll")


class SlowTrees(FakeCommitTrees):
    """Trees that are not written before they are released."""

    def __init__(self, snapshots: Mapping[str, Files]) -> None:
        super().__init__(snapshots)
        self.gate = asyncio.Event()

    @asynccontextmanager
    async def open_tree(self, commit: str) -> AsyncIterator[Path]:
        await self.gate.wait()
        async with super().open_tree(commit) as tree:
            yield tree


async def test_only_so_many_are_played_at_a_time(world: AgentHarness) -> None:
    world.trees = trees = SlowTrees(world.workspaces.snapshots)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        under_way = [asyncio.create_task(agent.trials.run(run.id, "/roll")) for _ in range(MOST)]
        for _ in range(20):
            await asyncio.sleep(0)
        with pytest.raises(TooMany, match="under way"):
            await agent.trials.run(run.id, "/roll")
        trees.gate.set()
        await asyncio.gather(*under_way)
        await agent.trials.run(run.id, "/roll")


async def test_what_a_failure_needs_beforehand_is_tried_with_it(world: AgentHarness) -> None:
    world.rehearsal = FakeRehearsal(votes)
    made = CommandStep(by="asker", command="poll", options={"about": "tea"})
    script = Script(
        world=ScriptWorld(people=(Actor(name="asker"),), cogs=("polls",)),
        steps=(made, CommandStep(by="asker", command="close", options={"id": 1})),
    )
    wanted = PlayedError(event="command.close", error="IndexError")
    replay = Replay(script=script, wanted=wanted, fingerprint="f", asked="/close id:1")
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        plan = (await agent.get_history(run.id)).plan
        assert plan is not None
        await world.store.append(run.id, plan.replace(replay=replay))
        suggestion = await agent.trials.suggest_lines(run.id)
        await agent.trials.run(run.id, suggestion)
        await world.store.append(run.id, plan.replace(replay=replay.replace(snapshot="x")))
        assert await agent.trials.suggest_lines(run.id) == "/roll dice:2d6 times:3 loud:true"
    assert suggestion == "/poll about:tea\n/close id:1"
    assert world.rehearsal.replayed[-1][1] == script.replace(
        world=script.world.replace(cogs=("dice", "polls"))
    )


async def test_what_a_service_answered_is_played_back_in_a_trial(world: AgentHarness) -> None:
    limited = WebAnswer(url="https://quotes.example/", status=429, headers={"Retry-After": "9"})
    script = Script(
        world=ScriptWorld(cogs=("dice",), web=(limited,)), steps=(CommandStep(command="quote"),)
    )
    wanted = PlayedError(event="command.quote", error="ClientResponseError")
    replay = Replay(script=script, wanted=wanted, fingerprint="f", asked="/quote")
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        plan = (await agent.get_history(run.id)).plan
        assert plan is not None
        await world.store.append(run.id, plan.replace(replay=replay))
        suggestion = await agent.trials.suggest_lines(run.id)
        await agent.trials.run(run.id, suggestion)
    assert suggestion == "/quote"
    assert world.rehearsal.replayed[-1][1] == script

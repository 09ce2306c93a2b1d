"""The writer of a run's state saves no step that the table or the proposal does not allow."""

from pathlib import Path

import pytest

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.errors import InvalidTransition
from bot.domain.guilds import RunChannels
from bot.domain.run import Run, Stage, Status, Waiting
from bot.domain.run_state import Edge, move
from bot.memory.recording import MemoryRecorder
from bot.ports.targets import TargetPorts, Targets
from bot.self_improvement.reporting.live_cards import LiveCards
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.reporting.run_threads import RunThreads
from bot.self_improvement.runs.transitions import RunTransitions, create_run
from bot.telemetry import Recorder
from tests.support.agent_harness import AgentHarness


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    """Return a harness in which nothing runs by itself."""
    return AgentHarness(tmp_path)


def writer(world: AgentHarness) -> RunTransitions:
    """Return what writes states there."""
    recorder = Recorder(world.journal, world.clock, Path(), b"salt", lambda: None)
    targets = Targets(TargetPorts(world.forge, world.workspaces, world.memory))
    memory = MemoryRecorder(world.store, world.clock, recorder, targets)
    channels = RunChannels(world.limits.dev_channel_id)
    threads = RunThreads(world.store, world.chat, world.journal, channels)
    notifier = RunNotifier(world.chat, LiveCards(world.clock), world.flags, None, threads, channels)
    return RunTransitions(world.store, world.clock, notifier, RunCostMeter(None), memory)


async def at_work(world: AgentHarness, stage: Stage) -> Run:
    """Return a run that is at that stage of a fix, as the store has it."""
    run = await world.store.create(create_run(world.make_trigger(), "abc123", world.clock.now()))
    leased = move(move(run, Edge.GOES_ON), Edge.LEASED)
    return await world.store.save(leased.replace(stage=stage))


async def test_a_run_that_proposed_nothing_waits_for_no_word(world: AgentHarness) -> None:
    transitions, run = writer(world), await at_work(world, Stage.VERIFY)
    with pytest.raises(InvalidTransition, match="has proposed nothing"):
        await transitions.wait(run, Edge.BRANCH_MOVED)
    assert await world.store.get(run.id) == run


async def test_what_is_no_edge_is_not_saved(world: AgentHarness) -> None:
    transitions, run = writer(world), await at_work(world, Stage.PLAN)
    with pytest.raises(InvalidTransition, match="“fix: plan, running” by “next candidate”"):
        await transitions.advance(run, Edge.NEXT_CANDIDATE)
    assert await world.store.get(run.id) == run


async def test_a_run_that_waits_for_a_thread_says_so(world: AgentHarness) -> None:
    transitions, run = writer(world), await at_work(world, Stage.PLAN)
    waiting = await transitions.await_thread(run, "nobody would see it")
    assert (waiting.status, waiting.waiting) == (Status.WAITING, Waiting.THREAD)
    again = await transitions.go_on_with_thread(waiting)
    assert (again.status, again.waiting, again.stage) == (Status.QUEUED, None, Stage.PLAN)


async def test_a_run_is_handed_back_though_its_step_has_just_saved_it_as_waiting(
    world: AgentHarness,
) -> None:
    transitions, run = writer(world), await at_work(world, Stage.PLAN)
    waiting = await transitions.await_thread(run, "nobody would see it")
    assert (await transitions.hand_back(waiting)).status is Status.QUEUED

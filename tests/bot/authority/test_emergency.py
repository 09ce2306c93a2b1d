"""The emergency stop: all runs end, nothing starts, and only an approver lifts it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import (
    ForgeUnavailable,
    NotAuthorized,
    Paused,
    PolicyError,
    Stopped,
    StoreError,
    WrongStage,
)
from bot.domain.people import ITSELF
from bot.domain.posts import MessageRef
from bot.domain.run import Run, Status
from bot.domain.stop import Stop
from bot.ports.agent import QuestionAsked
from bot.ports.runtime import Adoption
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_chat import FakeChat
from tests.fakes.fake_runtime import FakeRuntime
from tests.support.agent_harness import ALICE, BOB, DORA, FIX, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed


class SlowRuntime(FakeRuntime):
    """Takes its time to take files on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Take them on once it is let go."""
        self.begun.set()
        await self.let_go.wait()
        return await super().adopt(changed)


QUESTION = QuestionAsked(text="Which one?", default="This one.")


def looking_world(folder: Path) -> AgentHarness:
    """Return a world whose agent looks at its kill switch every second."""
    world = AgentHarness(folder)
    world.limits = replace(world.limits, kill_switch=timedelta(seconds=1))
    return world


def told(world: AgentHarness) -> list[str]:
    """Return what the dev channel was told of stops."""
    return [
        said.post.text for said in world.chat.messages if said.post.text.startswith(("⛔", "▶"))
    ]


async def acts(world: AgentHarness) -> list[tuple[str, str | None, bool]]:
    """Return what the audit log says of stopping and lifting, oldest first."""
    entries = [e for e in await world.store.list_audit_entries() if e.action in ("stop", "lift")]
    return [(e.action, e.person.name if e.person else None, e.allowed) for e in reversed(entries)]


async def executing(world: AgentHarness, agent: AgentUnderTest) -> Run:
    world.engine.hold()
    run = await agent.request(world.make_trigger())
    await asyncio.wait_for(world.engine.working.wait(), 5)
    return run


async def proposed(world: AgentHarness, agent: AgentUnderTest) -> Run:
    return await world.propose_fix(agent)


async def queued(world: AgentHarness, agent: AgentUnderTest) -> Run:
    await executing(world, agent)
    await agent.request(world.make_trigger("another"))
    run = await agent.request(world.make_trigger("one too many"))
    assert run.status is Status.QUEUED
    return run


@pytest.mark.parametrize("begun", [executing, proposed, queued])
async def test_all_runs_end_and_say_so_and_no_proposal_stays_open(
    begun: Callable[[AgentHarness, AgentUnderTest], Awaitable[Run]], tmp_path: Path
) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        run = await begun(world, agent)
        stop = await agent.emergency.stop(DORA, "text", "it runs wild")
        for each in await agent.list_runs():
            assert each.status is Status.CANCELLED
            assert each.reason == "Ended by the emergency stop (dora)."
            assert world.list_final_keys(each)
        assert await agent.emergency.get_stop() == stop == world.kill_switch.stop
    opened = await world.forge.find(run.id)
    assert opened is None or opened.state == "closed"
    assert not world.workspaces.leased
    said = told(world)
    assert len(said) == 1
    assert said[0].startswith("⛔ Everything was stopped by **dora**: it runs wild. An approver")
    assert await acts(world) == [("stop", "dora", True)]


async def test_a_run_that_waits_for_an_answer_ends(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    world.engine = FakeAgent([QUESTION, FIX])
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(lambda run: run.is_parked, run.id)
        await agent.emergency.stop(ALICE, "slash")
        assert (await world.store.get(run.id)).status is Status.CANCELLED


async def test_nothing_begins_and_nothing_is_approved_while_it_stands(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.emergency.stop(BOB, "slash")
        trigger = world.make_trigger()
        own = trigger.replace(person=ITSELF, origin="incident", key="incident:1")
        with pytest.raises(Stopped, match="An approver lifts it with `/resume`"):
            await agent.request(trigger)
        with pytest.raises(Paused, match="Everything was stopped by"):
            await agent.start_itself(own)
        for asked in (
            lambda: agent.approve(world.build_approval(run)),
            lambda: agent.retry(run.id, ALICE),
            lambda: agent.revise(run.id, ALICE, "more"),
            lambda: agent.answer(run.id, ALICE, "this"),
        ):
            with pytest.raises(Stopped):
                await asked()
        with pytest.raises(NotAuthorized):  # who is not listed learns nothing of it
            await agent.request(world.make_trigger(person=MALLORY))
        await world.clock.advance(60)
        assert [each.status for each in await agent.list_runs()] == [Status.CANCELLED]
    assert world.forge.merges == []


async def test_who_is_not_listed_stops_nothing_and_that_is_audited(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        with pytest.raises(NotAuthorized, match="stop everything"):
            await agent.emergency.stop(MALLORY, "slash", "because I can")
        assert await agent.emergency.get_stop() is None
    assert await acts(world) == [("stop", "mallory", False)]


async def test_only_an_approver_lifts_it_and_what_it_ended_stays_ended(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.emergency.stop(DORA, "slash")
        for nobody in (DORA, MALLORY, ITSELF):
            with pytest.raises(NotAuthorized):
                await agent.emergency.lift(nobody)
        stop = await agent.emergency.lift(ALICE, "all is well")
        assert stop.by == DORA
        with pytest.raises(WrongStage, match="The emergency stop is not active"):
            await agent.emergency.lift(ALICE)
        await world.clock.advance(60)
        assert (await world.store.get(run.id)).status is Status.CANCELLED
        with pytest.raises(WrongStage):
            await agent.approve(world.build_approval(run))
        again = await agent.request(world.make_trigger())
        assert (await world.wait_until_settled(again.id)).status is Status.WAITING
    assert told(world)[1:] == [
        "▶️ **alice** has lifted the emergency stop: all is well. The runs it ended do not start "
        "again on their own."
    ]


async def test_a_stop_by_hand_is_seen_told_once_and_gone_when_its_file_is(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        run = await executing(world, agent)
        world.kill_switch.stop = Stop(how="file", at=world.clock.now())
        with pytest.raises(Stopped, match="the file STOP"):  # at once, before anybody looked
            await agent.request(world.make_trigger("another"))
        await world.wait_until_ended(run.id)
        await world.clock.advance(60)
        world.kill_switch.stop = None
        await world.clock.advance(60)
    assert [text[:40] for text in told(world)] == [
        "⛔ Everything was stopped by the file STO",
        "▶️ The emergency stop was lifted on the ",
    ]
    assert await acts(world) == [("stop", None, True), ("lift", None, True)]


async def test_a_signal_stops_before_anything_else_can_happen(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        run = await executing(world, agent)
        agent.emergency.on_signal()
        assert world.kill_switch.stop is None  # nothing was awaited, and yet
        with pytest.raises(Stopped, match="SIGUSR1"):
            await world.stop_guard.check()
        assert (await world.wait_until_ended(run.id)).status is Status.CANCELLED
        assert world.kill_switch.stop is not None


async def test_a_signal_is_carried_out_at_once_however_seldom_it_looks(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await executing(world, agent)
        since = world.clock.monotonic()
        agent.emergency.on_signal()
        assert (await world.wait_until_ended(run.id)).status is Status.CANCELLED
        assert world.clock.monotonic() - since < world.limits.kill_switch.total_seconds() / 2


async def test_a_stop_that_cannot_be_kept_holds_and_is_kept_once_it_can(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    world.kill_switch.stuck = StoreError("No space is left.")
    async with world.run_agent() as agent:
        run = await executing(world, agent)
        await agent.emergency.stop(ALICE, "slash")
        assert (await world.store.get(run.id)).status is Status.CANCELLED
        with pytest.raises(Stopped):
            await agent.request(world.make_trigger("another"))
        with pytest.raises(StoreError):
            await agent.emergency.lift(ALICE)
        assert await agent.emergency.get_stop() is not None
        world.kill_switch.stuck = None
        await world.clock.advance(10)
        assert world.kill_switch.stop is not None


async def test_stopped_twice_it_is_told_once_and_the_first_counts(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        one, two = await asyncio.gather(
            agent.emergency.stop(ALICE, "slash"), agent.emergency.stop(DORA, "text")
        )
        third = await agent.emergency.stop(BOB, "slash")
    assert one == two == third
    assert len(told(world)) == 1


async def test_a_stop_that_comes_while_another_is_lifted_stands(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        await agent.emergency.stop(ALICE, "slash")
        lifting = asyncio.create_task(agent.emergency.lift(BOB))
        await asyncio.sleep(0)
        await agent.emergency.stop(DORA, "slash")
        with pytest.raises(WrongStage, match="the stop stays active"):
            await lifting
        assert await agent.emergency.get_stop() is not None


async def test_what_is_merged_comes_live_and_says_so(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    world.runtime = runtime = SlowRuntime()
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        await asyncio.wait_for(runtime.begun.wait(), 5)
        await agent.emergency.stop(ALICE, "slash")
        runtime.let_go.set()
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.DONE
    assert "This was already merged, so it still goes live." in " ".join(world.list_texts(run))


async def test_an_approved_run_that_is_not_merged_never_is(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        world.forge.fail_next(ForgeUnavailable("The forge stumbled."))
        await world.wait_until(lambda run: run.status is Status.RUNNING, run.id)
        await agent.emergency.stop(ALICE, "slash")
        await agent.emergency.lift(ALICE)
        await world.clock.advance(600)
    assert (await world.store.get(run.id)).status is Status.CANCELLED
    assert world.forge.merges == []


class SlowChat(FakeChat):
    """Takes its time to open a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.opening, self.let_go = asyncio.Event(), asyncio.Event()

    async def open_thread(self, on: MessageRef, name: str) -> int:
        """Open it once it is let go."""
        self.opening.set()
        await self.let_go.wait()
        return await super().open_thread(on, name)


async def test_a_run_that_ends_while_its_thread_is_opened_says_so_in_it(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    world.chat = chat = SlowChat()
    async with world.run_agent() as agent:
        await world.clock.advance(1)  # what a start takes up is taken up
        asked = asyncio.create_task(agent.request(world.make_trigger()))
        await asyncio.wait_for(chat.opening.wait(), 5)
        await asyncio.wait_for(agent.emergency.stop(ALICE, "slash"), 5)
        chat.let_go.set()
        run = await asyncio.wait_for(asked, 20)
    assert run.status is Status.CANCELLED
    assert "Ended by the emergency stop (alice)." in " ".join(world.list_texts(run))


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("merged", [False, True])
async def test_what_a_silent_forge_did_with_a_merge_is_told_once_it_answers(
    tmp_path: Path, merged: bool, restarted: bool
) -> None:
    """The merge was on its way when everything was stopped; nobody could know."""
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        await world.wait_until(lambda run: run.status is Status.RUNNING, run.id)
        world.forge.down = True
        await agent.emergency.stop(ALICE, "slash")
        ended = await world.store.get(run.id)
        assert ended.status is Status.CANCELLED
        assert "I ask the forge again" in ended.reason
        if not restarted:
            await _answers(world, run, merged)
    if restarted:
        async with world.run_agent():
            await _answers(world, run, merged)


async def _answers(world: AgentHarness, run: Run, merged: bool) -> None:
    """Have the forge answer again; look at what people hear then, once."""
    opened = world.forge._pulls[1]
    if merged:
        world.forge.show(1, state="merged", merge_commit="5afe" * 10)
    await world.clock.advance(120)
    assert "answers again" not in " ".join(world.list_texts(run))
    world.forge.recover()
    await world.clock.advance(120)
    said = [text for text in world.list_texts(run) if "answers again" in text]
    assert len(said) == 1
    dev = [each.post.text for each in world.chat.messages if "answers again" in each.post.text]
    audited = [e for e in await world.store.list_audit_entries() if e.action == "merged"]
    if merged:
        assert "merged as `5afe5af`" in said[0]
        assert len(dev) == 2
        assert [entry.head for entry in audited] == [opened.head]
    else:
        assert "#1 is closed; nothing was merged" in said[0]
        assert audited == []
    await world.clock.advance(120)
    assert len([text for text in world.list_texts(run) if "answers again" in text]) == 1


async def test_while_it_stands_a_start_takes_nothing_up_and_says_so(tmp_path: Path) -> None:
    world = looking_world(tmp_path)
    async with world.run_agent() as agent:
        run = await executing(world, agent)
    assert (await world.store.get(run.id)).status is Status.QUEUED
    world.kill_switch.stop = Stop(how="signal", at=world.clock.now())
    async with world.run_agent() as agent:
        assert (await world.wait_until_ended(run.id)).status is Status.CANCELLED
        with pytest.raises(PolicyError):
            await agent.request(world.make_trigger("another"))
        await world.clock.advance(1)
    assert any(
        text.startswith("⛔ I was started, but the emergency stop is active.")
        for text in told(world)
    )
    assert not any("going on from there" in text for text in world.list_texts(run))


@pytest.mark.parametrize("moment", range(1, 48, 6))
async def test_killed_at_any_moment_of_stopping_it_is_stopped_by_the_next_start(
    moment: int, tmp_path: Path
) -> None:
    world, fuse = looking_world(tmp_path), CrashPoint()
    world.has_kill_switch_crashes = True
    with suppress(Killed):
        async with world.run_agent(fuse) as agent:
            run = await world.propose_fix(agent)
            agent.emergency.on_signal()
            fuse.after = fuse.hits + moment
            await agent.emergency.look()
    kept = world.kill_switch.stop is not None
    assert kept or moment < 4  # it is the first thing that is done
    async with world.run_agent() as agent:
        if not kept:
            return
        assert (await world.wait_until_ended(run.id)).status is Status.CANCELLED
        with pytest.raises(Stopped):
            await agent.approve(world.build_approval(run))
        await world.clock.advance(10)
    opened = await world.forge.find(run.id)
    assert opened is not None
    assert opened.state == "closed"
    assert len([text for text in told(world) if "I was started" not in text]) == 1
    assert await acts(world) in [[("stop", None, True)] * times for times in (1, 2)]

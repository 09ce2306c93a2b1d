"""What people ask of the agent: once, side by side, in threads of their own, and to the end."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteStore
from bot.domain.errors import ChatRejected, NotAuthorized, WrongStage
from bot.domain.people import Place
from bot.domain.posts import MessageRef
from bot.domain.run import Run, Stage, Status
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_chat import FakeChat
from tests.support.agent_harness import ALICE, BOB, DEV, DORA, FIX, GUILD, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint


async def test_five_requests_at_once_get_five_threads_and_mix_nothing_up(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / "state.sqlite3") as store:
        world = AgentHarness(tmp_path, store=store)
        world.engine.hold()
        async with world.run_agent() as agent:
            triggers = [
                world.make_trigger("rolling dice", person=person)
                for person in (ALICE, BOB, ALICE, BOB, DORA)
            ]
            runs = await asyncio.gather(*(agent.request(trigger) for trigger in triggers))
            assert len({run.thread_id for run in runs}) == 5
            await world.wait_until(lambda _run: len(world.engine.asked) == 2, runs[0].id)
            working = await store.find(status={Status.RUNNING})
            assert len(working) == world.limits.workers == 2
            world.engine.release()
            for run in runs:
                assert (await world.wait_until_settled(run.id)).status is Status.WAITING
    for run in runs:
        assert len(world.list_cards(run)) == 1
        card = world.chat.find_by_key(world.list_cards(run)[0])
        assert card.ref.channel_id == run.thread_id
        assert card.post.card is not None
        assert run.id in card.post.card.footer
        said = [s for s in world.chat.messages if s.ref.channel_id == run.thread_id]
        assert all(s.key.startswith(run.id) for s in said)
    assert len({draft.branch for draft in world.forge.drafts}) == 5


async def test_a_trigger_delivered_twice_at_the_same_instant_starts_one_run(
    tmp_path: Path,
) -> None:
    async with SqliteStore(tmp_path / "state.sqlite3") as store:
        world = AgentHarness(tmp_path, store=store)
        async with world.run_agent() as agent:
            trigger = world.make_trigger()
            first, second = await asyncio.gather(agent.request(trigger), agent.request(trigger))
            await world.wait_until_settled(first.id)
    assert first.id == second.id
    assert first.thread_id == second.thread_id is not None
    assert len(world.chat.threads) == 1


async def test_two_runs_about_the_same_message_get_a_thread_each(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        message = world.chat.add_message(DEV)
        place = Place(channel_id=DEV, message_id=message.message_id, guild_id=GUILD)
        runs = [
            await agent.request(world.make_trigger(key=f"menu:{n}").replace(place=place))
            for n in (1, 2)
        ]
    async with world.run_agent() as agent:  # it is remembered over a restart too
        runs.append(await agent.request(world.make_trigger(key="menu:3").replace(place=place)))
    assert len({run.thread_id for run in runs}) == 3
    assert "**alice** asked me to fix: rolling dice" in world.chat.list_texts(DEV)


async def test_a_request_in_a_direct_message_is_worked_on_in_the_dev_channel(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        trigger = world.make_trigger().replace(place=Place(channel_id=999, message_id=5))
        await agent.request(trigger)
    assert world.chat.list_texts(DEV) == ["**alice** asked me to fix: rolling dice"]


async def test_who_is_not_listed_starts_nothing_and_leaves_a_line_in_the_audit_log(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        with pytest.raises(NotAuthorized, match="Sorry mallory"):
            await agent.request(world.make_trigger(person=MALLORY))
    assert await world.store.find() == ()
    assert world.chat.messages == []
    [entry] = await world.store.list_audit_entries()
    assert (entry.allowed, entry.action, entry.person) == (False, "ask", MALLORY)


async def test_a_channel_that_allows_no_thread_ends_the_run_and_tells_who_asked(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.chat.gone.add(DEV)
    async with world.run_agent() as agent:
        with pytest.raises(ChatRejected):
            await agent.request(world.make_trigger())
    [run] = await world.store.find()
    assert run.status is Status.FAILED
    assert run.reason.startswith("I could not open a thread")


async def _at_work(world: AgentHarness, agent: AgentUnderTest) -> Run:
    run = await agent.request(world.make_trigger())
    await asyncio.wait_for(world.engine.working.wait(), 5)
    return run


async def test_cancelling_ends_the_engine_and_leaves_nothing(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await _at_work(world, agent)
        before = world.clock.monotonic()
        with pytest.raises(NotAuthorized):
            await agent.cancel(run.id, MALLORY)
        async with asyncio.timeout(20):
            ended = await agent.cancel(run.id, DORA)
        assert world.clock.monotonic() == before
        with pytest.raises(WrongStage, match="has ended already: Cancelled by dora"):
            await agent.cancel(run.id, ALICE)
        assert (ended.status, ended.reason) == (Status.CANCELLED, "Cancelled by dora.")
        assert (world.engine.stopped, world.workspaces.leased) == (1, set())
        assert world.list_texts(run)[-1] == "⏹️ Cancelled by dora."
        world.engine.release()
        await world.propose_fix(agent)  # and the worker is free for the next one


async def test_two_people_cancelling_at_once_end_it_once(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await _at_work(world, agent)
        first, second = await asyncio.gather(
            agent.cancel(run.id, ALICE), agent.cancel(run.id, BOB), return_exceptions=True
        )
    assert isinstance(first, Run)
    assert isinstance(second, WrongStage)
    assert "Cancelled by alice" in str(second)
    assert len(world.list_final_keys(run)) == 1


async def _moments(world: AgentHarness) -> int:
    fuse = CrashPoint()
    async with world.run_agent(fuse) as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        await world.wait_until_ended(run.id)
    return fuse.hits


@pytest.mark.slow
async def test_cancelled_at_any_moment_it_leaves_no_open_proposal_and_says_so_once(
    tmp_path: Path,
) -> None:
    length = await _moments(AgentHarness(tmp_path / "whole"))
    endings = set()
    for moment in range(6, length, 2):
        world, fuse = AgentHarness(tmp_path / str(moment)), CrashPoint()
        async with world.run_agent(fuse) as agent:
            run = await agent.request(world.make_trigger())
            approved = False
            async with asyncio.timeout(10):
                while fuse.hits < moment and not (await world.store.get(run.id)).has_ended:
                    now = await world.store.get(run.id)
                    if now.status is Status.WAITING and not approved:
                        approved = True
                        await agent.approve(world.build_approval(now))
                    await asyncio.sleep(0)
            try:
                async with asyncio.timeout(20):
                    await agent.cancel(run.id, ALICE)
            except WrongStage as error:
                assert "too late" in str(error) or "has ended already" in str(error)
            run = await world.wait_until_ended(run.id)
        endings.add(run.status)
        assert len(world.list_final_keys(run)) == 1
        assert len(world.forge.merges) == (run.status is Status.DONE)
        assert not world.workspaces.leased
        opened = await world.forge.find(run.id)
        assert opened is None or opened.state != "open"
    assert endings == {Status.CANCELLED, Status.DONE}


async def test_a_waiting_run_is_cancelled_and_its_proposal_closed(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.cancel(run.id, ALICE)
        await world.clock.advance(30)
    assert (await world.forge.get_proposal(1)).state == "closed"
    assert world.list_final_keys(run) == [f"{run.id}:fix:ended:1"]


async def test_a_shutdown_in_good_order_is_no_interruption(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await _at_work(world, agent)
    for _ in range(3):
        world.engine.working.clear()
        async with world.run_agent():
            await asyncio.wait_for(world.engine.working.wait(), 5)
    run = await world.store.get(run.id)
    assert (run.status, run.interruptions) == (Status.QUEUED, 0)
    assert not any("restarted" in text for text in world.list_texts(run))


async def test_an_investigation_goes_on_to_a_fix_once(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger(goal="investigate"))
        run = await world.wait_until_ended(run.id)
        assert run.status is Status.DONE
        with pytest.raises(NotAuthorized):
            await agent.promote(run.id, MALLORY)
        first, second = await asyncio.gather(
            agent.promote(run.id, ALICE), agent.promote(run.id, BOB), return_exceptions=True
        )
        assert isinstance(first, Run)
        assert isinstance(second, WrongStage)
        run = await world.wait_until_settled(run.id)
        assert run.status is Status.WAITING
        await agent.approve(world.build_approval(run))
        run = await world.wait_until_ended(run.id)
    assert world.list_final_keys(run) == [f"{run.id}:investigate:ended:1", f"{run.id}:fix:ended:1"]
    assert len(world.chat.threads) == 1


async def test_an_investigation_that_found_nothing_cannot_go_on_to_a_fix(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("the weather", goal="investigate"))
        await world.wait_until_ended(run.id)
        with pytest.raises(WrongStage, match="found nothing"):
            await agent.promote(run.id, ALICE)


async def test_a_failed_run_is_retried_in_its_thread(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent({})
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until_ended(run.id)
        world.engine.rounds = (FIX,)
        again = await agent.retry(run.id, DORA)
        assert (again.id, again.attempt) == (run.id, 2)
        assert (await world.wait_until_settled(run.id)).status is Status.WAITING
        with pytest.raises(WrongStage, match="has not ended without a result"):
            await agent.retry(run.id, DORA)


async def test_a_rejected_run_is_retried_as_a_new_one(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.reject(run.id, ALICE)
        first, second = await asyncio.gather(agent.retry(run.id, BOB), agent.retry(run.id, BOB))
        assert first.id == second.id != run.id
        new = await world.wait_until_settled(first.id)
        assert (new.status, new.stage) == (Status.WAITING, Stage.SHIP)
        assert new.thread_id != run.thread_id


@pytest.mark.parametrize(
    "ask",
    [
        lambda agent, run_id: agent.promote(run_id, ALICE),
        lambda agent, run_id: agent.reject(run_id, ALICE),
        lambda agent, run_id: agent.cancel(run_id, ALICE),
        lambda agent, run_id: agent.retry(run_id, ALICE),
    ],
)
async def test_what_makes_no_sense_any_more_is_refused_in_words(
    tmp_path: Path, ask: Callable[[AgentUnderTest, str], Awaitable[Run]]
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        await world.wait_until_ended(run.id)
        with pytest.raises(WrongStage, match=run.id):
            await ask(agent, run.id)


async def test_the_evidence_of_a_run_is_found_in_the_journal(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        assert len(await agent.list_evidence(run.id)) == 3
        assert await agent.find(run_id=f" `{run.id.upper()}` ") == run
        assert (await agent.format_vital_signs())[0] == "**Forge** fake forge: 1 pull requests"
        world.forge.down = True
        assert (await agent.format_vital_signs())[0] == "**Forge** ⚠️ the forge is down"


async def test_a_request_whose_message_is_deleted_meanwhile_gets_a_thread_all_the_same(
    tmp_path: Path,
) -> None:
    class Deleted(FakeChat):
        async def open_thread(self, ref: MessageRef, name: str) -> int:
            if ref in self._people:
                raise ChatRejected("Unknown Message")
            return await super().open_thread(ref, name)

    world = AgentHarness(tmp_path)
    world.chat = Deleted()
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    assert world.chat.list_texts(DEV) == ["**alice** asked me to fix: rolling dice"]
    assert run.thread_id in world.chat.threads

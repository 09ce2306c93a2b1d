"""A run that asks waits without a worker, for a listed person's answer or for its time to come."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.part_notes import BoardSeat
from bot.domain.run import Run, Stage, Status
from bot.ports.agent import (
    Assignment,
    Budget,
    Checkup,
    News,
    QuestionAsked,
    Update,
    get_no_news,
    skip_checkup,
)
from bot.ports.workspace import Workspace
from tests.fakes.fake_agent import FakeAgent
from tests.support.agent_harness import ALICE, BOB, DORA, FIX, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed

ASKS = QuestionAsked(
    text="Should a face of 0 be refused?", default="Yes, refuse it.", cost_usd=0.25, tokens_in=10
)
HOUR = timedelta(hours=1).total_seconds()


class Asking(FakeAgent):
    """An engine that does nothing until it has an answer."""

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        self.rounds = (FIX,) if assignment.answer else (ASKS,)
        async with aclosing(super().work(assignment, workspace, budget, news)) as updates:
            async for update in updates:
                yield update


def asking(folder: Path) -> AgentHarness:
    """Return a world whose engine asks once, then fixes."""
    world = AgentHarness(folder)
    world.engine = Asking()
    return world


async def parked(world: AgentHarness, agent: AgentUnderTest) -> Run:
    """Ask for a fix, and return the run once it waits for an answer."""
    run = await agent.request(world.make_trigger())
    run = await world.wait_until(lambda now: now.is_parked, run.id)
    await world.wait_until(lambda _: any("❓" in text for text in world.list_texts(run)), run.id)
    return run


async def test_a_question_is_asked_once_with_its_default_and_the_run_holds_no_worker(
    tmp_path: Path,
) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
        until = run.parked_until
        assert until is not None
        assert (run.status, run.stage, run.lease_owner) == (Status.WAITING, Stage.EXECUTE, None)
        asked = [said for said in world.chat.messages if "❓" in said.post.text]
        assert len(asked) == 1
        stamp = f"<t:{until.timestamp():.0f}:R>"
        assert f"<@{ALICE.id}> Should a face of 0 be refused?" in asked[0].post.text
        assert stamp in asked[0].post.text
        assert "Yes, refuse it." in asked[0].post.text
        assert asked[0].post.notify == (ALICE.id,)
        card = world.chat.find_by_key(f"{run.id}:card").post.card
        assert card is not None
        assert "✋ **Write the change**" in card.body
        world.engine = FakeAgent(FIX)
        other = await agent.request(world.make_trigger("rolling dice again"))
        await world.wait_until(lambda now: now.status is not Status.QUEUED, other.id)
        assert (await agent.get_question(run)) is not None


async def test_a_listed_persons_answer_is_recorded_and_the_engine_gets_it(tmp_path: Path) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
        await world.clock.advance(30)
        await agent.answer(run.id, DORA, "No, return an empty letter.")
        run = await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
    assert run.status is Status.WAITING
    first, second = world.engine.asked
    assert first.answer is None
    assert second.question is not None
    assert second.question.head == (history.question and history.question.head)
    assert second.answer is not None
    assert (second.answer.text, second.answer.person) == ("No, return an empty letter.", DORA)
    assert any("I go on with the answer of **dora**." in text for text in world.list_texts(run))
    assert (run.cost_usd, run.tokens_in) == (0.25, 10)
    [entry] = [
        entry for entry in await world.store.list_audit_entries() if entry.action == "answer"
    ]
    assert (entry.allowed, entry.person) == (True, DORA)


async def test_without_an_answer_it_goes_on_with_the_default_and_says_so(tmp_path: Path) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
        await world.clock.advance(HOUR - 60)
        assert (await world.store.get(run.id)).is_parked
        await world.clock.advance(70)
        run = await world.wait_until_settled(run.id)
        with pytest.raises(WrongStage, match=r"nobody answered in time.*Yes, refuse it"):
            await agent.answer(run.id, ALICE, "No.")
    answer = world.engine.asked[1].answer
    assert answer is not None
    assert (answer.text, answer.person) == ("Yes, refuse it.", None)
    told = [text for text in world.list_texts(run) if "Nobody answered in time" in text]
    assert len(told) == 1


async def test_who_is_not_listed_is_refused_politely_and_the_question_stays_open(
    tmp_path: Path,
) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
        with pytest.raises(NotAuthorized, match=r"Sorry mallory.*answer my questions"):
            await agent.answer(run.id, MALLORY, "rm -rf")
        assert (await world.store.get(run.id)).is_parked
    [entry] = [entry for entry in await world.store.list_audit_entries() if not entry.allowed]
    assert (entry.person, entry.action, entry.run_id) == (MALLORY, "answer", run.id)


async def test_two_answers_at_the_same_instant_count_once(tmp_path: Path) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
        first, second = await asyncio.gather(
            agent.answer(run.id, ALICE, "Yes."),
            agent.answer(run.id, BOB, "No."),
            return_exceptions=True,
        )
        await world.wait_until_settled(run.id)
    assert isinstance(first, Run)
    assert isinstance(second, WrongStage)
    assert "alice has already answered this" in str(second)
    answers = [assignment.answer.text for assignment in world.engine.asked if assignment.answer]
    assert answers == ["Yes."]


@pytest.mark.parametrize("late", [-0.5, 0.0, 0.5])
async def test_an_answer_at_the_instant_its_time_is_up_counts_or_the_default_does(
    tmp_path: Path, late: float
) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
        assert run.parked_until is not None
        left = (run.parked_until - world.clock.now()).total_seconds()
        world.clock.tick(left + late)  # the sweep that is due wakes together with the answer
        with suppress(WrongStage):
            await agent.answer(run.id, BOB, "No.")
        await world.wait_until_settled(run.id)
        history = await agent.get_history(run.id)
    [answered] = [each for each in world.engine.asked if each.answer]
    assert answered.answer == history.answer
    told = [text for text in world.list_texts(run) if text.startswith("💬")]
    assert len(told) == 1
    assert ("bob" in told[0]) == (history.answer is not None and history.answer.person == BOB)


async def test_cancelled_while_it_waits_it_ends_at_once_and_takes_no_answer(tmp_path: Path) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
        before = world.clock.monotonic()
        ended = await agent.cancel(run.id, DORA)
        assert world.clock.monotonic() == before
        assert (ended.status, ended.parked_until) == (Status.CANCELLED, None)
        with pytest.raises(WrongStage, match="has already ended"):
            await agent.answer(run.id, ALICE, "Yes.")
        await world.clock.advance(2 * HOUR)
    assert (await world.store.get(run.id)).status is Status.CANCELLED
    assert len(world.engine.asked) == 1


async def test_after_a_restart_it_waits_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
    said = len(world.chat.messages)
    async with world.run_agent() as agent:
        await world.clock.advance(60)
        assert (await world.store.get(run.id)).is_parked
        assert len(world.chat.messages) == said
        await agent.answer(run.id, ALICE, "Yes.")
        assert (await world.wait_until_settled(run.id)).status is Status.WAITING


async def test_a_question_overdue_at_the_start_gets_its_default(tmp_path: Path) -> None:
    world = asking(tmp_path)
    async with world.run_agent() as agent:
        run = await parked(world, agent)
    world.clock.tick(3 * HOUR)
    async with world.run_agent():
        run = await world.wait_until_settled(run.id)
    assert run.status is Status.WAITING
    assert any("Nobody answered in time" in text for text in world.list_texts(run))


async def test_an_engine_that_asks_and_asks_is_stopped(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(ASKS)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        for _ in range(5):
            await world.wait_until(lambda now: now.is_parked, run.id)
            await agent.answer(run.id, ALICE, "Yes.")
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.FAILED
    assert "keeps asking" in run.reason


Reaction = Callable[[AgentHarness, AgentUnderTest, Run], Awaitable[object]]


async def _answers(world: AgentHarness, agent: AgentUnderTest, run: Run) -> None:
    with suppress(WrongStage):
        await agent.answer(run.id, ALICE, "Yes.")


async def _waits(world: AgentHarness, agent: AgentUnderTest, run: Run) -> None:
    await world.clock.advance(world.limits.question.total_seconds() + 10)


async def _story(world: AgentHarness, reaction: Reaction, fuse: CrashPoint) -> None:
    async with world.run_agent(fuse) as agent:
        with suppress(Killed, AssertionError):
            async with asyncio.timeout(20):
                run = await agent.request(world.make_trigger(key="asked"))
                while not run.is_parked and run.stage != "ship" and not run.has_ended:
                    if fuse.after is not None and fuse.hits > fuse.after:
                        return
                    await world.clock.advance(1)
                    run = await world.store.get(run.id)
                while run.is_parked and not any("❓" in text for text in world.list_texts(run)):
                    if fuse.after is not None and fuse.hits > fuse.after:
                        return
                    await asyncio.sleep(0)  # a question that was not asked yet cannot be answered
                if run.is_parked:
                    await reaction(world, agent, run)
                if fuse.after is None:
                    await world.wait_until_settled(run.id)


@pytest.mark.parametrize("reaction", [_answers, pytest.param(_waits, marks=pytest.mark.slow)])
async def test_killed_at_any_moment_the_question_is_answered_once_and_the_run_goes_on(
    tmp_path: Path, reaction: Reaction
) -> None:
    def asking_for_minutes(name: str) -> AgentHarness:
        world = asking(tmp_path / name)
        world.limits = replace(world.limits, question=timedelta(minutes=2))
        return world

    whole, fuse = asking_for_minutes("whole"), CrashPoint()
    await _story(whole, reaction, fuse)
    for moment in range(90, fuse.hits, 9):
        world = asking_for_minutes(str(moment))
        await _story(world, reaction, CrashPoint(moment))
        await _story(world, reaction, CrashPoint())
        [run] = await world.store.find()
        assert (run.status, run.stage) == (Status.WAITING, Stage.SHIP), (moment, run)
        said = world.list_texts(run)
        assert len([text for text in said if "❓" in text]) == 1, (moment, said)
        keys = [each.key for each in world.chat.messages]
        assert len(keys) == len(set(keys))

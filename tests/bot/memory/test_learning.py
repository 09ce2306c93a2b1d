"""What runs teach, when, and that a memory out of order never fails one."""

from datetime import timedelta
from pathlib import Path

import pytest
from theseus_guard import hash_texts

from bot.domain.errors import AgentTimeout, AgentUnavailable, TheseusError
from bot.domain.journal import ActionOutcome, JournalQuery
from bot.domain.memory import Memory
from bot.domain.proposal import Outcome
from bot.domain.run import Run, Status
from bot.domain.watch import Judgement
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_memory import FakeMemory
from tests.support.agent_harness import (
    ALICE,
    BOB,
    BROKEN,
    FILES,
    FIXED,
    AgentHarness,
    make_capsule,
    make_failure,
)
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint

PRINT = make_capsule().fingerprint


async def shipped(world: AgentHarness, agent: AgentUnderTest) -> Run:
    """Have a fix asked for, proposed, approved and shipped."""
    run = await world.propose_fix(agent)
    await agent.approve(world.build_approval(run, BOB))
    return await world.wait_until_ended(run.id)


def outcome(run: Run, world: AgentHarness, verdict: Judgement) -> Outcome:
    reasons = ("3 failures before, 9 after.",)
    return Outcome(run_id=run.id, verdict=verdict, reasons=reasons, at=world.clock.now())


def keys(world: AgentHarness) -> set[str]:
    return set(world.memory.stored)


def shown(world: AgentHarness, run: Run, name: str) -> list[str]:
    """Return what fields of that name say on the cards in the run's thread."""
    return [
        field.value
        for said in world.chat.messages
        if said.ref.channel_id == run.thread_id and said.post.card
        for field in said.post.card.fields
        if field.name == name
    ]


async def test_a_fix_that_shipped_is_remembered_with_where_it_was_and_what_it_changed(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
    assert keys(world) == {f"fix:{run.id}", f"fault:{PRINT}"}
    fix = world.memory.stored[f"fix:{run.id}"]
    place = (fix.event, fix.fingerprint, fix.exception, fix.file, fix.function)
    assert place == ("command.roll", PRINT, "IndexError", "cogs/dice.py", "face")
    assert (fix.run_id, fix.number, fix.outcome) == (run.id, 1, None)
    assert fix.approach
    assert fix.diff_hash == hash_texts({"cogs/dice.py": BROKEN}, {"cogs/dice.py": FIXED})


async def test_a_fault_is_known_by_its_fingerprint_since_when_until_when_how_often(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        first = await agent.request(world.make_trigger(goal="investigate"))
        await world.wait_until_ended(first.id)
        begin = world.memory.stored[f"fault:{PRINT}"]
        again = await agent.request(world.make_trigger(goal="investigate"))
        await world.wait_until_ended(again.id)
        assert world.memory.stored[f"fault:{PRINT}"].times == 3  # the same ones, seen twice
        world.clock.tick(48 * 3600)
        world.journal.append(make_failure(world.clock))
        later = await agent.request(world.make_trigger(goal="investigate"))
        await world.wait_until_ended(later.id)
    fault = world.memory.stored[f"fault:{PRINT}"]
    assert (begin.times, fault.times) == (3, 4)
    assert fault.first_at == begin.first_at
    assert fault.at - begin.at >= timedelta(hours=48)


async def test_a_run_that_ends_without_a_fix_leaves_a_lesson(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(
        {}, claims="No edit made the test pass.", can_follow_instructions=False
    )
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        assert (await world.wait_until_ended(run.id)).status is Status.FAILED, world.list_texts(run)
    lesson = world.memory.stored[f"lesson:{run.id}"]
    assert lesson.fingerprint == PRINT
    assert "IndexError" in lesson.text


@pytest.mark.parametrize(
    ("error", "teaches"),
    [(AgentTimeout("It used up its 60 s."), True), (AgentUnavailable("No engine there."), False)],
)
async def test_what_passes_by_itself_teaches_nothing(
    tmp_path: Path, error: TheseusError, teaches: bool
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(error)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        assert (await world.wait_until_ended(run.id)).status is Status.FAILED
    assert (f"lesson:{run.id}" in keys(world)) is teaches


async def test_a_rejection_with_a_reason_is_a_lesson_and_without_one_is_none(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.reject(run.id, BOB)
        assert keys(world) == {f"fault:{PRINT}"}
        other = await world.propose_fix(agent)
        await agent.reject(other.id, ALICE, why="faces should stay zero-based")
    lesson = world.memory.stored[f"lesson:{other.id}"]
    assert "did not want it: faces should stay zero-based" in lesson.text
    assert not any(key.startswith("fix:") for key in keys(world))


async def test_nothing_found_teaches_nothing(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("the weather"))
        assert (await world.wait_until_ended(run.id)).status is Status.FAILED
    assert keys(world) == set()


@pytest.mark.parametrize(
    ("verdict", "said", "lesson"),
    [
        ("fixed", "held", False),
        ("inconclusive", "not clear whether it held", False),
        ("not_fixed", "did not hold: it came back", True),
        ("regressed", "did not hold: it made things worse", True),
    ],
)
async def test_how_it_turned_out_is_told_the_next_time(
    tmp_path: Path, verdict: Judgement, said: str, lesson: bool
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await agent.memory.remember_outcome(run, outcome(run, world, verdict))
    world.checkout = FakeCheckout(files=dict(FILES), history=[world.workspaces.base])
    world.clock.tick(60)
    world.journal.append(make_failure(world.clock))
    async with world.run_agent() as agent:
        again = await world.propose_fix(agent)
    assert world.memory.stored[f"fix:{run.id}"].outcome == verdict
    assert (f"lesson:{run.id}" in keys(world)) is lesson
    if lesson:
        assert "3 failures before, 9 after." in world.memory.stored[f"lesson:{run.id}"].text
    words = f"fixed in #1 on 21 November 2026, {said}"
    history = await world.store.get_history(again.id)
    assert history.diagnosis is not None
    assert history.diagnosis.seen_before == words
    assert f"🧠 Seen before: {words}." in world.list_texts(again)
    assert words in shown(world, again, "Seen before")
    warned = [f"• ⚠️ This exact change was tried before: {words}: Made it right."] if lesson else []
    notes = [line.replace("\u200b", "") for line in shown(world, again, "Please note")]
    assert notes == warned
    [memory] = [each for each in history.evidence.memories if each.memory.kind == "fix"]  # type: ignore[union-attr]
    assert memory.because.startswith("the same failure;")


async def test_an_investigation_says_what_was_done_before(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await agent.memory.remember_outcome(run, outcome(run, world, "fixed"))
        world.clock.tick(60)
        world.journal.append(make_failure(world.clock))
        asked = await agent.request(world.make_trigger(goal="investigate"))
        await world.wait_until_ended(asked.id)
        world.journal.append(
            make_failure(world.clock, make_capsule(fingerprint="other"), name="spin")
        )
        other = await agent.request(world.make_trigger("spin", goal="investigate"))
        await world.wait_until_ended(other.id)
    assert shown(world, asked, "Seen before") == ["fixed in #1 on 21 November 2026, held"]
    assert shown(world, asked, "Earlier fixes there") == []
    assert shown(world, other, "Seen before") == []
    assert shown(world, other, "Earlier fixes there") == [
        "• fixed in #1 on 21 November 2026, held: Made it right."
    ]


async def test_judged_again_or_ended_again_the_memory_stays_as_it_was_judged(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        for _ in range(2):
            await agent.memory.remember_outcome(run, outcome(run, world, "fixed"))
    async with world.run_agent() as agent:
        await agent.recover()
    assert world.memory.stored[f"fix:{run.id}"].outcome == "fixed"


async def test_an_outcome_of_a_fix_that_was_not_written_down_is_remembered_with_it(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        world.memory.bodies.clear()
        await agent.memory.remember_outcome(run, outcome(run, world, "not_fixed"))
    assert keys(world) == {f"fix:{run.id}", f"lesson:{run.id}"}


async def test_a_memory_out_of_order_fails_no_run_and_is_journalled(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.memory.broken = True
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await agent.memory.remember_outcome(run, outcome(run, world, "fixed"))
    assert run.status is Status.DONE
    records = await world.journal.read(JournalQuery(event="run.remember", limit=10))
    assert [record.outcome for record in records] == [ActionOutcome.ERROR] * 3
    assert all(record.run_id == run.id and record.error for record in records)


async def test_killed_between_the_memory_and_the_end_of_the_run_it_is_remembered_once(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    fuse = CrashPoint()
    world.memory = _Fatal(fuse)
    async with world.run_agent(fuse) as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run, BOB))
        await world.wait_until(lambda _: fuse.after is not None, run.id)
    assert not (await world.store.get(run.id)).has_ended
    world.memory = FakeMemory()
    async with world.run_agent():
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.DONE
    assert [key for key in keys(world) if key.startswith("fix:")] == [f"fix:{run.id}"]
    assert world.forge.merges == [world.forge.merges[0]]


class _Fatal(FakeMemory):
    """Dies with the program as soon as a fix has been written."""

    def __init__(self, fuse: CrashPoint) -> None:
        super().__init__()
        self._fuse = fuse

    async def remember(self, memory: Memory) -> None:
        await super().remember(memory)
        if memory.kind == "fix":
            self._fuse.after = self._fuse.hits

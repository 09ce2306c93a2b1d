"""Several candidates of one change are written, each from the start, and the best is proposed."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from theseus_guard.records import FileChange
from theseus_rehearsal.behaviour import BehaviourDiff

from bot.domain.account import Account, Charge
from bot.domain.budget import Cap
from bot.domain.candidates import Candidates, DroppedCandidate, ProvenCandidate
from bot.domain.change import ChangeSet, Verdict
from bot.domain.errors import AgentLimited, AgentOutputInvalid
from bot.domain.part_notes import BoardSeat
from bot.domain.run import Status, Waiting
from bot.ports.agent import (
    Assignment,
    Budget,
    Checkup,
    News,
    Update,
    get_no_news,
    skip_checkup,
)
from bot.ports.workspace import Workspace
from bot.self_improvement.runs.candidate_choice import choose_best, explain_best
from tests.fakes.fake_agent import FakeAgent, Turn
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import ALICE, DORA
from tests.support.change_harness import (
    COIN,
    NO_COG,
    ChangeHarness,
    is_coin_missing,
    propose_change,
    request_change,
)
from tests.support.crash_point import CrashPoint

LONG, SHORT, MIDDLE = ({COIN: '"""Coins."""\n' + "pass\n" * lines} for lines in (9, 1, 5))
BAD = {COIN: "wrong\n"}


def candidate(
    number: int, *, lines: int = 5, unasked: int = 0, heard: int = 0, approved: bool | None = None
) -> ProvenCandidate:
    """Return a candidate that holds, with what it is compared by."""
    files = (
        FileChange(path="cogs/coin.py", added=lines, removed=0),
        FileChange(path="tests/cogs/test_coin.py", added=100 * (10 - number), removed=0),
    )
    change = ChangeSet(base="b", head=f"h{number}", branch="x", engine="fake", summary="",
                       files=files, instruction_count=heard, approved=approved)  # fmt: skip
    behaviour = BehaviourDiff(answers=9, changed=unasked, unasked=unasked)
    verdict = Verdict(head=change.head, round=number, behaviour=behaviour)
    return ProvenCandidate(number=number, change_set=change, verdict=verdict)


@pytest.mark.parametrize(
    ("held", "best", "why"),
    [
        ((candidate(1, lines=1, unasked=2), candidate(2, lines=90)), 2, "fewer answers"),
        ((candidate(1, lines=9), candidate(2, lines=3), candidate(3, lines=5)), 2, "the smallest"),
        ((candidate(1, approved=False), candidate(2, approved=True)), 2, "its reviewer approved"),
        ((candidate(1), candidate(2, approved=False)), 1, "its reviewer approved"),
        ((candidate(1), candidate(2)), 1, "it was the first"),
        ((candidate(1, lines=1), candidate(2, lines=90, heard=1)), 2, "asked meanwhile"),
        ((candidate(2),), 2, "no other was written"),
    ],
)
def test_the_best_is_the_first_that_differs_in_what_weighs_most(
    held: tuple[ProvenCandidate, ...], best: int, why: str
) -> None:
    candidates = Candidates(attempt=1, most=3, held=held)
    assert choose_best(candidates).number == best
    assert why in explain_best(candidates)


def test_one_that_holds_beside_one_that_does_not_is_the_only_one() -> None:
    gone = DroppedCandidate(number=1, why="checks fail")
    candidates = Candidates(attempt=1, most=3, held=(candidate(2),), dropped=(gone,))
    assert explain_best(candidates) == "no other holds"


def several(folder: Path, *rounds: Turn, most: int = 3, workers: int = 1) -> ChangeHarness:
    """Return a world in which so many candidates are written, and wrong code does not pass.

    They are written side by side if there are several workers.
    """
    world = ChangeHarness(folder)
    world.verifier = FakeVerifier(
        broken=is_coin_missing,
        raises=NO_COG,
        checks={
            "lint": lambda root: is_coin_missing(root) or "wrong" not in (root / COIN).read_text()
        },
    )
    world.limits = replace(world.limits, candidates=most, rounds=1, workers=workers)
    world.engine = FakeAgent(*rounds)
    return world


async def test_three_are_written_from_the_start_and_the_smallest_ships(tmp_path: Path) -> None:
    world = several(tmp_path, LONG, SHORT, MIDDLE)
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert (run.waiting, run.round) == (Waiting.APPROVAL, 3), run.reason
        assert [each.candidate for each in world.engine.asked] == [1, 2, 3]
        assert all(each.previous is None for each in world.engine.asked)
        assert all(each.feedback is None for each in world.engine.asked)
        contract = next(each.post.card for each in world.chat.messages if ":contract" in each.key)
        assert contract is not None
        cost = next(field.value for field in contract.fields if field.name == "Estimated cost")
        assert "I write 3 candidates and propose the best" in cost
        card = next(each.post.card for each in world.chat.messages if ":proposal:" in each.key)
        assert card is not None
        assert (
            "**Best of 3**: candidate 2, for it is the smallest candidate that holds" in card.body
        )
        lines = next(field.value for field in card.fields if field.name == "Candidates")
        assert "• 1: 10 lines of code" in lines
        assert "➡️ 2: 2 lines of code" in lines
        history = await world.store.get_history(run.id)
        assert history.change_set is not None
        assert world.forge.drafts[-1].head == history.change_set.head
        async with world.workspaces.open(run.id, base=world.workspaces.base) as branch:
            assert await branch.get_head() == history.change_set.head  # what a forge fetches
        await agent.revise(run.id, DORA, "say it in French", "text", "m1")
        await world.wait_until(lambda now: now.round == 4, run.id)
        run = await world.wait_until_settled(run.id)
        assert world.engine.asked[-1].candidate == 2
        assert world.engine.asked[-1].previous == history.change_set
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_one_that_does_not_hold_ends_nothing(tmp_path: Path) -> None:
    world = several(tmp_path, BAD, LONG, BAD)
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert run.waiting is Waiting.APPROVAL, run.reason
        said = "\n".join(world.list_texts(run))
        assert "Candidate 1 of 3 does not hold: " in said
        assert "I propose candidate 2: no other holds." in said


async def test_one_whose_engine_knows_nothing_else_ends_nothing(tmp_path: Path) -> None:
    world = several(tmp_path, BAD, BAD, LONG, most=2)
    world.limits = replace(world.limits, rounds=2)
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert run.waiting is Waiting.APPROVAL, run.reason
        assert [each.candidate for each in world.engine.asked] == [1, 1, 2]
        said = "\n".join(world.list_texts(run))
        assert "found nothing else after 1 round. I now write the next" in said


async def test_where_none_holds_there_is_no_proposal(tmp_path: Path) -> None:
    world = several(tmp_path, BAD)
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert run.status is Status.FAILED
        assert len(world.engine.asked) == 3
        assert not world.forge.drafts


@pytest.mark.parametrize(
    "trouble",
    [
        AgentOutputInvalid("It made no sense."),
        AgentLimited("The usage limit is reached.", until=None),
    ],
)
async def test_what_holds_is_proposed_where_the_engine_gives_up(
    tmp_path: Path, trouble: Exception
) -> None:
    world = several(tmp_path, LONG, trouble)
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert run.waiting is Waiting.APPROVAL, run.reason
        said = "\n".join(world.list_texts(run))
        assert f"Candidate 2 of 3 failed: {trouble}" in said
        assert "I propose candidate 1: no other holds." in said


async def test_no_other_is_begun_where_the_run_has_no_money_for_it(tmp_path: Path) -> None:
    world = several(tmp_path, LONG, SHORT)
    world.budget = world.budget.replace(run=Cap(usd=3.0))
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        account = Account(purpose="execute", person_id=ALICE.id, run_id=run.id)
        paid = Charge(id="1", at=world.clock.now(), account=account, model="m", status=200,
                      outcome="ok", cost_usd=2.0)  # fmt: skip
        await world.ledger.charge(paid)
        await agent.agreements.give(run.id, DORA, "text")
        run = await world.wait_until_settled(run.id)
        assert run.waiting is Waiting.APPROVAL, run.reason
        assert len(world.engine.asked) == 1
        assert "the budget has no room for another" in "\n".join(world.list_texts(run))


async def test_what_is_asked_meanwhile_ends_the_search_and_is_done(tmp_path: Path) -> None:
    world = several(tmp_path, LONG, SHORT)
    world.engine.deaf = True
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        await agent.agreements.give(run.id, DORA, "text")
        await world.engine.working.wait()
        await agent.revise(run.id, ALICE, "say it in French", "text", "m1")
        world.engine.release()
        run = await world.wait_until_settled(run.id)
        assert run.waiting is Waiting.APPROVAL, run.reason
        assert [each.candidate for each in world.engine.asked] == [1, 1]
        assert world.engine.asked[1].steering == ("say it in French",)


class SecondHangs(FakeAgent):
    """Never comes to an end of the second candidate, as long as it `hangs`."""

    hangs = True

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        """Work as ever, or on and on."""
        if assignment.candidate == 2 and self.hangs:
            self.working.clear()
            self.hold()
        else:
            self.release()
        async for update in super().work(assignment, workspace, budget, news):
            yield update


async def killed_at_the_second(world: ChangeHarness, *, first: bool) -> None:
    """Start the program, and kill it while the second candidate is written."""
    fuse = CrashPoint()
    async with world.run_agent(fuse) as agent:
        if first:
            run = await request_change(world, agent)
            await agent.agreements.give(run.id, DORA, "text")
        async with asyncio.timeout(10):
            while not (world.engine.asked and world.engine.asked[-1].candidate == 2):
                await world.clock.advance(0.25)
            await world.engine.working.wait()
        fuse.after = fuse.hits


async def test_killed_while_the_second_is_written_it_goes_on_with_that(tmp_path: Path) -> None:
    world = several(tmp_path)
    world.engine = SecondHangs(SHORT, LONG, MIDDLE)
    await killed_at_the_second(world, first=True)
    world.engine.hangs = False
    async with world.run_agent():
        [run] = await world.store.find()
        run = await world.wait_until_settled(run.id)
        assert run.waiting is Waiting.APPROVAL, run.reason
        assert [each.candidate for each in world.engine.asked] == [1, 2, 2, 3]
        history = await world.store.get_history(run.id)
        assert history.candidates is not None
        assert [each.number for each in history.candidates.held] == [1, 2, 3]
        assert history.candidates.present == 1


async def test_killed_twice_at_the_second_the_first_is_proposed(tmp_path: Path) -> None:
    world = several(tmp_path)
    world.engine = SecondHangs(SHORT, LONG, MIDDLE)
    await killed_at_the_second(world, first=True)
    world.engine.asked.clear()
    await killed_at_the_second(world, first=False)
    async with world.run_agent():
        [run] = await world.store.find()
        run = await world.wait_until_settled(run.id)
        assert run.waiting is Waiting.APPROVAL, run.reason
        said = "\n".join(world.list_texts(run))
        assert "I was interrupted twice while writing the change. I propose candidate 1" in said

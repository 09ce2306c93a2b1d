"""People ask more of a change that is proposed: a new head, a new card, or what stood before."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteStore
from bot.domain.errors import (
    AgentUnauthorized,
    ForgeUnavailable,
    NotAuthorized,
    StaleApproval,
    TheseusError,
    WrongStage,
)
from bot.domain.history import History
from bot.domain.proposal import Comment, Proposal
from bot.domain.run import Run, Stage, Status
from bot.ports.agent import QuestionAsked
from tests.fakes.fake_agent import FakeAgent
from tests.support.agent_harness import (
    ALICE,
    BOB,
    BROKEN,
    DORA,
    FILES,
    FIX,
    FIXED,
    MALLORY,
    AgentHarness,
)
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed

BETTER = {"cogs/dice.py": FIXED.replace("letter", "name")}
WORSE = {"cogs/dice.py": BROKEN}
HAND = FILES | {"cogs/dice.py": FIXED.replace("of a face", "of one face")}
ASK = "also handle 0d6"


def willing(folder: Path, *rounds: object) -> AgentHarness:
    """Return a harness whose engine fixes the fault, then follows instructions, but none while
    at work.
    """
    world = AgentHarness(folder)
    world.engine = FakeAgent(FIX, *(rounds or (BETTER,)))  # type: ignore[arg-type]
    world.engine.deaf = True
    return world


async def proposal_of(world: AgentHarness, run: Run) -> Proposal:
    """Return the run's newest proposal."""
    proposal = (await world.store.get_history(run.id)).proposal
    assert proposal is not None
    return proposal


async def revised(world: AgentHarness, run: Run, version: int = 2) -> Run:
    """Return the run once people see that version of its proposal."""

    async def there() -> bool:
        found = (await world.store.get_history(run.id)).proposal
        return found is not None and found.version == version and found.card_id is not None

    for _ in range(200):
        now = await world.store.get(run.id)
        if await there() and now.status is Status.WAITING and now.stage is Stage.SHIP:
            return now
        await world.clock.advance(0.5)
    raise AssertionError((await world.store.get(run.id), world.list_texts(run)))


def consistent(history: History) -> None:
    """Check that what would ship is what was checked and shown."""
    assert history.proposal is not None
    assert history.verdict is not None
    assert history.change_set is not None
    assert history.verdict.head == history.change_set.head == history.proposal.head
    assert history.verdict.is_passing
    assert history.revising is None


async def test_a_revision_makes_a_new_head_and_card_and_says_who_asked_what(
    tmp_path: Path,
) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        old = await proposal_of(world, run)
        await agent.revise(run.id, DORA, ASK, "text", "message:7")
        run = await revised(world, run)
        new, history = await proposal_of(world, run), await agent.get_history(run.id)
        consistent(history)
        with pytest.raises(StaleApproval, match="not the newest"):
            await agent.approve(
                world.build_approval(run, how="button", card_id=old.card_id, head=old.head)
            )
        await agent.approve(world.build_approval(run, card_id=new.card_id, head=new.head))
        done = await world.wait_until_ended(run.id)
    assert done.status is Status.DONE
    assert (new.number, new.version) == (old.number, 2)
    assert new.head != old.head
    assert f"Revised: dora asked “{ASK}”" in new.note
    assert any(f"**dora** asked: “{ASK}” I am on it" in text for text in world.list_texts(run))
    second = world.engine.asked[1]
    assert (second.round, second.steering, second.feedback) == (2, (ASK,), None)
    assert second.previous is not None
    assert second.previous.head == old.head
    assert (done.round, done.first_round) == (2, 2)
    assert len(world.forge.merges) == 1


async def test_revisions_add_up_and_the_same_words_heard_twice_count_once(tmp_path: Path) -> None:
    again = {"cogs/dice.py": FIXED.replace("letter", "sign")}
    world = willing(tmp_path, BETTER, again)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.revise(run.id, DORA, ASK, "text", "message:7")
        run = await revised(world, run)
        await agent.revise(run.id, DORA, ASK, "text", "message:7")
        await agent.revise(run.id, ALICE, "say sign instead", "modal", "modal:8")
        run = await revised(world, run, 3)
    assert [each.steering for each in world.engine.asked] == [(), (ASK,), (ASK, "say sign instead")]
    assert len(world.list_cards(run)) == 3


async def test_while_it_revises_ship_it_is_answered_and_ships_nothing(tmp_path: Path) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        old = await proposal_of(world, run)
        world.engine.hold()
        world.engine.working.clear()
        await agent.revise(run.id, ALICE, ASK)
        await asyncio.wait_for(world.engine.working.wait(), 5)
        with pytest.raises(WrongStage, match=r"revising #1 now.*Nothing was merged"):
            await agent.approve(
                world.build_approval(run, how="button", card_id=old.card_id, head=old.head)
            )
        world.engine.release()
        run = await revised(world, run)
        assert await world.store.get_approval(run.id, old.head) is None
    assert world.forge.merges == []


async def test_a_word_said_before_the_newest_card_was_there_does_not_ship_it(
    tmp_path: Path,
) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        world.engine.hold()
        world.engine.working.clear()
        await agent.revise(run.id, ALICE, ASK)
        await asyncio.wait_for(world.engine.working.wait(), 5)
        world.chat.hold()
        world.engine.release()
        await world.wait_until(lambda _: len(world.list_cards(run)) == 2, run.id)
        card = world.chat.find_by_key(world.list_cards(run)[1])
        shown = card.ref.message_id
        early = asyncio.create_task(agent.approve(world.build_approval(run, said_id=shown - 1)))
        await world.clock.advance(1)
        world.chat.release()
        await world.wait_until(lambda now: now.status is not Status.RUNNING, run.id)
        with pytest.raises(StaleApproval, match="older than the newest card"):
            await early
        await agent.approve(world.build_approval(run, said_id=shown + 1))
        done = await world.wait_until_ended(run.id)
        history = await agent.get_history(run.id)
    assert done.status is Status.DONE
    assert history.approval is not None
    assert history.change_set is not None
    assert history.approval.head == history.change_set.head


async def test_a_revision_that_does_not_hold_leaves_the_old_proposal_which_ships(
    tmp_path: Path,
) -> None:
    tries = [{"cogs/dice.py": f"{BROKEN}# {n}\n"} for n in range(3)]
    world = willing(tmp_path, *tries)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        old = await proposal_of(world, run)
        await agent.revise(run.id, ALICE, ASK)
        run = await world.wait_until(lambda now: bool(now.reason), run.id)
        assert (run.status, run.stage) == (Status.WAITING, Stage.SHIP)
        consistent(await agent.get_history(run.id))
        said = await _told(world, run, "The revision failed")
        assert f"`{old.head[:7]}` is still proposed" in said
        assert "(after 3 rounds)" in said
        await world.clock.advance(60)
        assert [each.round for each in world.engine.asked] == [1, 2, 3, 4]
        await agent.approve(
            world.build_approval(run, BOB, how="button", card_id=old.card_id, head=old.head)
        )
        done = await world.wait_until_ended(run.id)
        history = await agent.get_history(run.id)
    assert done.status is Status.DONE
    assert history.approval is not None
    assert history.approval.head == old.head


@pytest.mark.parametrize("claims", [{}, {"cogs/dice.py": FIXED}])
async def test_a_revision_that_changes_nothing_is_said_and_the_old_proposal_stands(
    tmp_path: Path, claims: dict[str, str]
) -> None:
    world = willing(tmp_path, claims)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.revise(run.id, ALICE, ASK)
        run = await world.wait_until(lambda now: bool(now.reason), run.id)
        assert "changed nothing, although it says" in run.reason
        consistent(await agent.get_history(run.id))
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_an_engine_that_fails_in_a_revision_ends_nothing_and_no_other_stands_in(
    tmp_path: Path,
) -> None:
    world = willing(tmp_path, AgentUnauthorized("The key is not accepted."))
    world.fallback_engine = FakeAgent(FIX, name="offline", can_follow_instructions=False)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.revise(run.id, ALICE, ASK)
        run = await world.wait_until(lambda now: bool(now.reason), run.id)
        assert run.reason.startswith("The revision failed: The key is not accepted.")
        assert (await world.forge.get_proposal(1)).state == "open"
        world.engine.rounds = (FIX, BETTER)
        await agent.revise(run.id, ALICE, "try again")
        run = await revised(world, run)
    assert world.engine.asked[-1].steering == ("try again",)
    assert world.engine.asked[-1].abandoned == (ASK,)  # what is to be tried again


async def test_a_forge_that_is_down_at_the_end_of_a_revision_leaves_the_old_proposal(
    tmp_path: Path,
) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        world.engine.hold()
        await agent.revise(run.id, ALICE, ASK)
        for _ in range(4):
            world.forge.fail_next(ForgeUnavailable("The forge is down."))
        world.engine.release()
        run = await world.wait_until(lambda now: bool(now.reason), run.id, within=20)
        world.forge.recover()
        consistent(await agent.get_history(run.id))
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_what_is_asked_while_the_change_is_written_is_done_before_it_is_proposed(
    tmp_path: Path,
) -> None:
    world = willing(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await asyncio.wait_for(world.engine.working.wait(), 5)
        await agent.revise(run.id, DORA, ASK)
        world.engine.release()
        run = await world.wait_until_settled(run.id)
        consistent(await agent.get_history(run.id))
    assert [each.steering for each in world.engine.asked] == [(), (ASK,)]
    assert len(world.list_cards(run)) == 1
    said = world.list_texts(run)
    assert any("I pass it on now" in text for text in said)
    assert any(f"holds. Next is what dora asked “{ASK}”" in text for text in said)


async def test_what_holds_is_proposed_where_more_was_asked_and_came_to_nothing(
    tmp_path: Path,
) -> None:
    world = willing(tmp_path, {})
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await asyncio.wait_for(world.engine.working.wait(), 5)
        await agent.revise(run.id, DORA, ASK)
        world.engine.release()
        run = await world.wait_until_settled(run.id)
        consistent(await agent.get_history(run.id))
    assert any("holds without it, so I propose that." in text for text in world.list_texts(run))


async def test_what_is_asked_while_the_card_is_posted_is_taken_up_afterwards(
    tmp_path: Path,
) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(
            lambda now: now.stage is Stage.PROPOSE or now.stage is Stage.SHIP, run.id
        )
        with suppress(WrongStage):
            await agent.revise(run.id, DORA, ASK)
        run = await revised(world, run)
    assert world.engine.asked[-1].steering == (ASK,)


@pytest.mark.parametrize("last", [BETTER, {}])
async def test_what_is_asked_during_a_revision_is_done_in_turn_and_proposed_once(
    tmp_path: Path, last: dict[str, str]
) -> None:
    between = {"cogs/dice.py": FIXED.replace("letter", "sign")}
    world = willing(tmp_path, between, last)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        world.engine.hold()
        world.engine.working.clear()
        await agent.revise(run.id, ALICE, ASK)
        await asyncio.wait_for(world.engine.working.wait(), 5)
        await agent.revise(run.id, BOB, "and more")
        world.engine.release()
        run = await revised(world, run)
        consistent(await agent.get_history(run.id))
        assert not any("was pushed to the branch" in text for text in world.list_texts(run))
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE
    assert [each.steering for each in world.engine.asked[1:]] == [(ASK,), (ASK, "and more")]
    assert len(world.list_cards(run)) == 2


async def test_rejecting_while_it_revises_is_answered_with_the_way_out(tmp_path: Path) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        world.engine.hold()
        await agent.revise(run.id, ALICE, ASK)
        with pytest.raises(WrongStage, match="being revised; “cancel” ends the run"):
            await agent.reject(run.id, ALICE)


@pytest.mark.parametrize("first", ["revise", "approve"])
async def test_revise_and_ship_it_at_the_same_instant_do_one_of_the_two(
    tmp_path: Path, first: str
) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        old = await proposal_of(world, run)
        asks = [agent.revise(run.id, DORA, ASK), agent.approve(world.build_approval(run, ALICE))]
        results = await asyncio.gather(
            *(asks if first == "revise" else reversed(asks)), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, BaseException)]
        assert len(refused) == 1
        assert isinstance(refused[0], WrongStage)
        if "being shipped right now" in str(refused[0]):
            done = await world.wait_until_ended(run.id)
            assert done.status is Status.DONE
            assert (await proposal_of(world, run)).head == old.head
        else:
            await revised(world, run)
            assert world.forge.merges == []
            assert "revising #1" in str(refused[0])


async def test_a_commit_pushed_while_it_revises_counts_and_is_revised_in_turn(
    tmp_path: Path,
) -> None:
    again = {"cogs/dice.py": str(HAND["cogs/dice.py"]).replace("letter", "sign")}
    world = willing(tmp_path, BETTER, BETTER, again)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        old = await proposal_of(world, run)
        world.engine.hold()
        world.engine.working.clear()
        await agent.revise(run.id, DORA, ASK)
        await asyncio.wait_for(world.engine.working.wait(), 5)
        pushed = world.forge.push(old.branch, world.workspaces.add_snapshot(HAND))
        world.engine.release()
        await _told(world, run, "was pushed to the branch while I was revising")
        await world.wait_until(lambda now: now.round >= 3, run.id)
        for _ in range(40):
            await world.clock.advance(1)
    last = world.engine.asked[-1]
    assert last.previous is not None
    assert last.previous.head == pushed
    assert last.steering == (ASK,)


async def test_cancelled_while_it_revises_it_ends_with_its_proposal(tmp_path: Path) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        world.engine.hold()
        world.engine.working.clear()
        await agent.revise(run.id, ALICE, ASK)
        await asyncio.wait_for(world.engine.working.wait(), 5)
        ended = await agent.cancel(run.id, ALICE)
    assert ended.status is Status.CANCELLED
    assert (await world.forge.get_proposal(1)).state == "closed"


async def test_a_question_in_a_revision_is_answered_and_it_goes_on(tmp_path: Path) -> None:
    world = willing(tmp_path, [QuestionAsked(text="How?", default="Your way."), BETTER])
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.revise(run.id, ALICE, ASK)
        await world.wait_until(lambda now: now.is_parked, run.id)
        await agent.answer(run.id, BOB, "Like this.")
        await revised(world, run)
    assert world.engine.asked[-1].answer is not None
    assert world.engine.asked[-1].steering == (ASK,)


async def test_in_the_real_store_a_revision_and_its_question_outlive_a_restart(
    tmp_path: Path,
) -> None:
    async with SqliteStore(tmp_path / "state.sqlite3") as store:
        world = AgentHarness(tmp_path, store=store)
        world.engine = FakeAgent(FIX, [QuestionAsked(text="How?", default="Your way."), BETTER])
        async with world.run_agent() as agent:
            run = await world.propose_fix(agent)
            await agent.revise(run.id, DORA, ASK, "text", "message:7")
            await world.wait_until(lambda now: now.is_parked, run.id)
        async with world.run_agent() as agent:
            with pytest.raises(WrongStage, match="revising #1"):
                await agent.approve(world.build_approval(run))
            await agent.answer(run.id, BOB, "Like this.")
            run = await revised(world, run)
            consistent(await agent.get_history(run.id))
            await agent.approve(world.build_approval(run))
            assert (await world.wait_until_ended(run.id)).status is Status.DONE
        assert (await store.verify_audit_log()).broken is None


async def test_who_may_not_and_what_cannot_be_revised_is_refused(tmp_path: Path) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        looked = await agent.request(world.make_trigger(goal="investigate"))
        await world.wait_until_ended(looked.id)
        with pytest.raises(WrongStage, match="no open proposal to revise"):
            await agent.revise(looked.id, ALICE, ASK)
        run = await world.propose_fix(agent)
        with pytest.raises(NotAuthorized):
            await agent.revise(run.id, MALLORY, ASK)
        await agent.approve(world.build_approval(run))
        await world.wait_until_ended(run.id)
        with pytest.raises(WrongStage, match="no open proposal to revise"):
            await agent.revise(run.id, ALICE, ASK)


# What reviewers write at the forge


def comment(world: AgentHarness, key: str, text: str, **where: object) -> Comment:
    """Return what carol wrote at the forge just now."""
    about = {"key": key, "author": "carol", "text": text, "at": world.clock.now(), **where}
    return Comment.model_validate(about)


async def test_several_comments_together_are_one_revision_with_the_lines_they_are_about(
    tmp_path: Path,
) -> None:
    world = willing(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        world.forge.add_comment(
            1, comment(world, "r1", "Name it name.", file="cogs/dice.py", line=6)
        )
        world.forge.add_comment(1, comment(world, "i2", "And be quick."))
        run = await revised(world, run)
        await world.clock.advance(120)
    assert [each.steering for each in world.engine.asked[1:]] == [
        ("On `cogs/dice.py` line 6: Name it name.", "And be quick.")
    ]
    assert any(
        "**carol** wrote on the pull request: “And be quick.”" in t for t in world.list_texts(run)
    )
    entries = [e for e in await world.store.list_audit_entries() if e.how == "review"]
    assert [entry.note for entry in reversed(entries)] == [
        "carol: On `cogs/dice.py` line 6: Name it name.",
        "carol: And be quick.",
    ]


async def test_a_comment_while_it_ships_comes_too_late_and_stops_nothing(tmp_path: Path) -> None:
    world = willing(tmp_path)
    world.limits = replace(world.limits, comments=timedelta(0))
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        world.forge.add_comment(1, comment(world, "r1", "Wait!"))
        done = await world.wait_until_ended(run.id)
    assert done.status is Status.DONE
    assert len(world.engine.asked) == 1


async def test_an_engine_that_follows_no_words_says_so_once_to_each_comment(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.can_follow_instructions = False
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        world.forge.add_comment(1, comment(world, "r1", "Name it name."))
        await _told(world, run, "works from tests alone")
        for _ in range(120):
            await world.clock.advance(1)
    told = [text for text in world.list_texts(run) if "works from tests alone" in text]
    assert len(told) == 1
    assert len(world.engine.asked) == 1


# Killed in between


async def _revises(world: AgentHarness, agent: AgentUnderTest, run_id: str) -> None:
    with suppress(TheseusError):
        await agent.revise(run_id, ALICE, ASK, "text", "message:7")


async def _story(world: AgentHarness, fuse: CrashPoint) -> None:
    """Ask for a fix, then for a revision once it is proposed; for as long as the fuse lasts."""
    async with world.run_agent(fuse) as agent:
        with suppress(Killed):
            run = await agent.request(world.make_trigger(key="asked"))
            for _ in range(400):
                if fuse.after is not None and fuse.hits > fuse.after:
                    return
                run = await world.store.get(run.id)
                history = await world.store.get_history(run.id)
                waits = run.status is Status.WAITING and run.stage is Stage.SHIP
                if waits and history.proposal and history.proposal.version == 1 and not run.reason:
                    await _revises(world, agent, run.id)
                elif waits and history.revising is None and history.instructions:
                    return
                await world.clock.advance(1)


@pytest.mark.slow
@pytest.mark.parametrize("holds", [True, False])
async def test_killed_at_any_moment_of_a_revision_the_card_and_the_head_are_one(
    tmp_path: Path, holds: bool
) -> None:
    def new(name: str) -> AgentHarness:
        world = willing(tmp_path / name, BETTER if holds else {})
        world.limits = replace(world.limits, rounds=2)
        return world

    whole, fuse = new("whole"), CrashPoint()
    await _story(whole, fuse)
    for moment in range(170, fuse.hits, 6):
        world = new(str(moment))
        await _story(world, CrashPoint(moment))
        await _story(world, CrashPoint())
        [run] = await world.store.find()
        assert (run.status, run.stage) == (Status.WAITING, Stage.SHIP), (moment, run)
        history = await world.store.get_history(run.id)
        consistent(history)
        assert history.proposal is not None
        assert history.proposal.version == (2 if holds else 1), moment
        keys = [each.key for each in world.chat.messages]
        assert len(keys) == len(set(keys))
        asked = [text for text in world.list_texts(run) if text.startswith("✏️")]
        assert len(asked) == 1, (moment, asked)
        async with world.run_agent() as agent:
            await agent.approve(world.build_approval(run))
            assert (await world.wait_until_ended(run.id)).status is Status.DONE
        assert len(world.forge.merges) == 1


async def _told(world: AgentHarness, run: Run, words: str) -> str:
    await world.wait_until(lambda _: any(words in text for text in world.list_texts(run)), run.id)
    return next(text for text in world.list_texts(run) if words in text)

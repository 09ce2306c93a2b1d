"""Whose approval counts: by the roles at that moment, and by the number required."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from theseus_guard.protection import Protection

from bot.adapters.sqlite_store import SqliteStore
from bot.domain.approval import ApprovalRules, ApprovalVotes
from bot.domain.errors import ChatUnavailable, ForgeUnavailable, NotAuthorized, StaleApproval
from bot.domain.people import Person
from bot.domain.proposal import Approval, Proposal
from bot.domain.run import Run, Status
from bot.self_improvement.reporting.notifier import RunNotifier
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import (
    ALICE,
    BOB,
    DORA,
    FILES,
    FIX,
    FIXED,
    MALLORY,
    AgentHarness,
)
from tests.support.agent_under_test import AgentUnderTest

BETTER = {"cogs/dice.py": FIXED.replace("letter", "word")}
HAND = FILES | {"cogs/dice.py": FIXED.replace("letter", "name")}
TWO = ApprovalRules(second_for=frozenset({"security"}))
OTHERS = ApprovalRules(second_for=frozenset({"security"}), people=1, other_than_requester=True)


class Town(AgentHarness):
    """A world whose members come and go, where `cogs/dice.py` is security-sensitive."""

    def __init__(self, folder: Path, rules: ApprovalRules | None = None) -> None:
        self.kept = FakeStore()
        super().__init__(folder, store=self.kept)
        self.members = self.member_directory = FakeMemberDirectory((ALICE, BOB, DORA, MALLORY))
        if rules is not None:
            self.protection = Protection.create(review=("cogs/dice.py",))
            self.limits = replace(self.limits, approval=rules)

    def takes_role(self, person: Person) -> None:
        self.members.members[person.id] = Person(id=person.id, name=person.name)

    def refusals(self) -> list[tuple[str, str, str]]:
        """Return who was refused what, and how it was asked; oldest first."""
        return [
            (each.person.name, each.action, each.how)
            for each in self.kept.audits
            if each.person and not each.allowed
        ]

    async def told(self, run: Run, text: str) -> None:
        """Wait until that is said in the run's thread."""
        await self.wait_until(
            lambda _now: any(text in said for said in self.list_texts(run)), run.id
        )

    async def opened(self, run: Run) -> Proposal:
        found = (await self.store.get_history(run.id)).proposal
        assert found is not None
        return found


def leaves(town: Town) -> None:
    del town.members.members[BOB.id]


def loses_the_role(town: Town) -> None:
    town.takes_role(BOB)


def turns_out_a_bot(town: Town) -> None:
    town.members.members[BOB.id] = BOB.replace(bot=True)


GOING: list[Callable[[Town], None]] = [leaves, loses_the_role, turns_out_a_bot]


@pytest.mark.parametrize("going", GOING)
async def test_who_may_no_longer_approves_nothing_whatever_roles_the_event_shows(
    tmp_path: Path, going: Callable[[Town], None]
) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        going(town)
        with pytest.raises(NotAuthorized):
            await agent.approve(town.build_approval(run, BOB))
        with pytest.raises(NotAuthorized):
            await agent.reject(run.id, BOB)
    assert town.forge.merges == []
    assert town.refusals() == [("bob", "ship", "text"), ("bob", "reject", "")]


@pytest.mark.parametrize("going", GOING)
async def test_who_goes_between_the_word_and_the_merge_no_longer_counts(
    tmp_path: Path, going: Callable[[Town], None]
) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        _, _, ships = await agent.approve(town.build_approval(run, BOB))
        going(town)
        await town.told(run, "Not shipped")
        assert ships
        assert town.forge.merges == []
        assert "bob approved" in town.list_texts(run)[-1]
        assert "may not ship any more; nothing was merged" in town.list_texts(run)[-1]
        assert town.refusals() == [("bob", "ship", "merge")]
        # the word of one who left stands in nobody's way
        await agent.approve(town.build_approval(run, ALICE))
        assert (await town.wait_until_ended(run.id)).status is Status.DONE
    approval = (await town.store.get_history(run.id)).approval
    assert approval is not None
    assert (approval.person.name, approval.others) == ("alice", ())


async def test_who_goes_while_the_forge_is_out_of_reach_no_longer_counts_when_it_is_back(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        await agent.approve(town.build_approval(run, BOB))
        town.forge.fail_next(ForgeUnavailable("down"))
        await town.clock.advance(1)  # it waits two seconds, then tries again
        leaves(town)
        await town.told(run, "Not shipped")
    assert town.forge.merges == []
    assert town.refusals() == [("bob", "ship", "merge")]


async def test_who_is_taken_off_the_list_between_the_word_and_the_merge_does_not_count(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
    await town.create_agent().approve(town.build_approval(run, ALICE))  # nobody works yet
    people = town.limits.people
    fewer = people.replace(approvers=people.approvers.replace(users=frozenset()))
    town.limits = replace(town.limits, people=fewer)
    async with town.run_agent():
        await town.told(run, "Not shipped")
    assert town.forge.merges == []
    assert "alice approved" in town.list_texts(run)[-1]


async def test_while_nobody_can_tell_who_is_there_nothing_is_approved_or_merged(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        town.members.down = True
        with pytest.raises(ChatUnavailable):
            await agent.approve(town.build_approval(run, BOB))
        town.members.down = False
        await agent.approve(town.build_approval(run, BOB))
        town.members.down = True
        run = await town.wait_until(lambda now: now.parked_until is not None, run.id)
        await town.clock.advance(60)
        assert town.forge.merges == []
        town.members.down = False
        assert (await town.wait_until_ended(run.id)).status is Status.DONE


async def test_a_merge_that_is_done_comes_live_although_who_approved_it_has_gone(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        town.checkout.edit({"cogs/dice.py": "# mine\n"})  # in the way of coming live
        await agent.approve(town.build_approval(run, BOB))
        await town.told(run, "Not shipped")
        assert len(town.forge.merges) == 1
        leaves(town)
        town.checkout.edited.clear()
        await agent.approve(town.build_approval(run, ALICE))
        assert (await town.wait_until_ended(run.id)).status is Status.DONE
    assert len(town.forge.merges) == 1


async def test_an_approval_from_before_words_were_kept_still_ships(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
    opened = await town.opened(run)
    old = Approval(
        run_id=run.id,
        proposal=1,
        head=opened.head,
        person=ALICE,
        at=town.clock.now(),
        how="text",
    )
    await town.store.approve(old)
    records = town.kept.records
    records[run.id] = [each for each in records[run.id] if not isinstance(each, ApprovalVotes)]
    async with town.run_agent():
        assert (await town.wait_until_ended(run.id)).status is Status.DONE


# More than one


async def test_two_have_to_say_it_and_the_card_tells_how_far_it_is(tmp_path: Path) -> None:
    town = Town(tmp_path, TWO)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        card = town.chat.find_by_key(town.list_cards(run)[0])
        assert card.post.card is not None
        assert "0 of 2 approvals; 2 approvers are needed." in card.post.card.body
        for _ in range(2):  # the same person counts once
            _, _, ships = await agent.approve(
                town.build_approval(run, ALICE, security_reviewed=True)
            )
            assert not ships
        assert (
            await agent.approvals.describe_missing(run.id)
            == "1 of 2 approvals: alice; one more approver is needed."
        )
        assert "1 of 2 approvals: alice; one more approver" in card.post.card.body
        await town.clock.advance(30)
        assert town.forge.merges == []
        _, _, ships = await agent.approve(town.build_approval(run, BOB, security_reviewed=True))
        assert ships
        assert (await town.wait_until_ended(run.id)).status is Status.DONE
    assert "approved by alice and bob" in town.list_texts(run)[-1]
    approval = (await town.store.get_history(run.id)).approval
    assert approval is not None
    assert (approval.person.name, [each.name for each in approval.others]) == ("alice", ["bob"])
    said = [each.note for each in town.kept.audits if each.action == "ship" and each.allowed]
    assert "1 of 2 approvals: alice" in said[0]


async def test_a_change_that_weighs_nothing_takes_one(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.limits = replace(town.limits, approval=TWO)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        _, _, ships = await agent.approve(town.build_approval(run, ALICE))
    assert ships


async def test_the_first_word_outlives_a_restart_and_is_in_the_real_store(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / "state.sqlite3") as store:
        town = Town(tmp_path, TWO)
        town.store = store
        async with town.run_agent() as agent:
            run = await town.propose_fix(agent)
            await agent.approve(town.build_approval(run, ALICE, security_reviewed=True))
        async with town.run_agent() as agent:
            await town.clock.advance(30)
            assert town.forge.merges == []
            await agent.approve(town.build_approval(run, BOB, security_reviewed=True))
            assert (await town.wait_until_ended(run.id)).status is Status.DONE


async def test_a_push_voids_every_word_and_taking_it_back_brings_none_to_life(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path, TWO)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        first = await town.opened(run)
        await agent.approve(town.build_approval(run, ALICE, security_reviewed=True))
        for head, rounds in ((town.workspaces.add_snapshot(HAND), 2), (first.head, 3)):
            town.forge.push(first.branch, head)
            await town.wait_until(lambda now, wanted=rounds: now.round == wanted, run.id)  # type: ignore[misc]
            run = await town.wait_until_settled(run.id)
            _, _, ships = await agent.approve(town.build_approval(run, BOB, security_reviewed=True))
            assert not ships
            assert "1 of 2 approvals: bob" in await agent.approvals.describe_missing(run.id)
    assert town.forge.merges == []


async def test_an_approval_that_a_push_voided_is_not_revived_by_a_push_back_and_a_restart(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        first = await town.opened(run)
    await town.create_agent().approve(town.build_approval(run, ALICE))  # nobody works yet
    town.forge.push(first.branch, town.workspaces.add_snapshot(HAND))
    async with town.run_agent():
        await town.wait_until(lambda now: now.round == 2, run.id)
        await town.wait_until_settled(run.id)
        town.forge.push(first.branch, first.head)
        await town.wait_until(lambda now: now.round == 3, run.id)
        await town.wait_until_settled(run.id)
    async with town.run_agent():
        await town.clock.advance(60)
    assert town.forge.merges == []


async def test_who_goes_before_the_second_word_does_not_count_with_it(tmp_path: Path) -> None:
    town = Town(tmp_path, TWO)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        await agent.approve(town.build_approval(run, BOB, security_reviewed=True))
        leaves(town)
        _, _, ships = await agent.approve(town.build_approval(run, ALICE, security_reviewed=True))
        await town.clock.advance(30)
    assert not ships
    assert town.forge.merges == []


async def test_who_asked_for_it_does_not_approve_it_where_somebody_else_has_to(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path, OTHERS)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)  # alice asked
        with pytest.raises(NotAuthorized, match="someone else has to approve"):
            await agent.approve(town.build_approval(run, ALICE, security_reviewed=True))
        assert town.refusals() == [("alice", "ship", "text")]
        await agent.approve(town.build_approval(run, BOB, security_reviewed=True))
        assert (await town.wait_until_ended(run.id)).status is Status.DONE


async def presses_fix_it(town: Town, agent: AgentUnderTest) -> Run:
    run = await agent.request(town.make_trigger(goal="investigate", person=DORA))
    await town.wait_until_ended(run.id)
    await agent.promote(run.id, BOB)
    return await town.wait_until_settled(run.id)


async def asks_for_more(town: Town, agent: AgentUnderTest) -> Run:
    run = await town.propose_fix(agent, person=DORA)
    await agent.revise(run.id, BOB, "also say what was rolled")
    await town.wait_until(lambda now: now.round == 2, run.id)
    return await town.wait_until_settled(run.id)


async def asks_for_more_while_it_is_written(town: Town, agent: AgentUnderTest) -> Run:
    town.engine.hold()
    run = await agent.request(town.make_trigger(person=DORA))
    await asyncio.wait_for(town.engine.working.wait(), 5)
    await agent.revise(run.id, BOB, "also say what was rolled")
    town.engine.release()
    return await town.wait_until_settled(run.id)


async def has_it_tried_again(town: Town, agent: AgentUnderTest) -> Run:
    town.engine.rounds = ()
    run = await agent.request(town.make_trigger(person=DORA))
    await town.wait_until_ended(run.id)
    town.engine.rounds = (BETTER,)
    await agent.retry(run.id, BOB)
    return await town.wait_until_settled(run.id)


async def asked_for_the_one_that_another_has_tried_again(town: Town, agent: AgentUnderTest) -> Run:
    run = await town.propose_fix(agent, person=BOB)
    await agent.reject(run.id, ALICE)
    return await town.wait_until_settled((await agent.retry(run.id, DORA)).id)


@pytest.mark.parametrize(
    "shaping",
    [
        presses_fix_it,
        asks_for_more,
        asks_for_more_while_it_is_written,
        has_it_tried_again,
        asked_for_the_one_that_another_has_tried_again,
    ],
)
async def test_whoever_made_a_change_what_it_is_does_not_approve_it_either(
    tmp_path: Path, shaping: Callable[[Town, AgentUnderTest], Awaitable[Run]]
) -> None:
    town = Town(tmp_path, OTHERS)
    town.engine = FakeAgent(FIX, BETTER)
    async with town.run_agent() as agent:
        run = await shaping(town, agent)
        assert (run.stage, run.status) == ("ship", Status.WAITING), run.reason
        with pytest.raises(NotAuthorized, match="or for a part of it"):
            await agent.approve(town.build_approval(run, BOB, security_reviewed=True))
        await agent.approve(town.build_approval(run, ALICE, security_reviewed=True))
        assert (await town.wait_until_ended(run.id)).status is Status.DONE


async def test_a_rule_made_stricter_holds_for_words_that_were_given_before(tmp_path: Path) -> None:
    town = Town(tmp_path, ApprovalRules())
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
    await town.create_agent().approve(town.build_approval(run, BOB, security_reviewed=True))
    town.limits = replace(town.limits, approval=TWO)
    async with town.run_agent():
        await town.told(run, "Not shipped")
    assert town.forge.merges == []
    assert "1 of 2 approvals: bob" in town.list_texts(run)[-1]


# Forged words


async def test_an_edited_message_approves_nothing(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        with pytest.raises(StaleApproval, match="was edited"):
            await agent.approve(town.build_approval(run, ALICE, edited=True))
    assert town.refusals() == [("alice", "ship", "text")]


async def test_a_card_that_was_shown_and_not_saved_stands_for_no_other_commit(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
    history = await town.store.get_history(run.id)
    shown = (await town.opened(run)).replace(version=2, head="a" * 40)
    notifier = agent.get(RunNotifier)
    before = await notifier.propose(
        run, history.replace(proposal=shown)
    )  # killed here, then a push
    after = await notifier.propose(run, history.replace(proposal=shown.replace(head="b" * 40)))
    assert after != before
    assert (
        await notifier.propose(run, history.replace(proposal=shown.replace(head="b" * 40))) == after
    )


async def test_refusals_without_end_are_counted_and_not_written_one_by_one(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        for _ in range(200):
            with pytest.raises(NotAuthorized):
                await agent.approve(town.build_approval(run, MALLORY))
        assert agent.audit_writer.is_rate_limited(MALLORY.id)
        assert not agent.audit_writer.is_rate_limited(DORA.id)
        with pytest.raises(NotAuthorized):
            await agent.approve(town.build_approval(run, DORA))  # hers is written all the same
        assert len(town.refusals()) == 11
        await town.clock.advance(timedelta(minutes=2).total_seconds())
        assert town.kept.audits[-1].note == "190 more such refusals within a minute"
        assert not agent.audit_writer.is_rate_limited(MALLORY.id)
        with pytest.raises(NotAuthorized):
            await agent.approve(town.build_approval(run, MALLORY))
    assert len(town.refusals()) == 13

"""What was found, not proven, is proposed only by an approver who has read it."""

from pathlib import Path

import pytest

from bot.authority.approval_policy import find_weights
from bot.domain.errors import NotAuthorized, StaleApproval, WrongStage
from bot.domain.plausible_edit import PlausibleEdit
from bot.domain.posts import Post
from bot.domain.run import Run, Stage, Status, Waiting
from tests.fakes.fake_agent import FakeAgent
from tests.support.agent_harness import ALICE, DORA, FIX, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.dice_project import BROKEN

EDIT = PlausibleEdit(
    reason="no existing test would notice if that were wrong",
    evidence=("Of the 319 edits I tried, only this one passes the tests.",),
    against=("only 319 of 320 edits were tried",),
    answers=("`face(6)` answers 'f' with this edit (before: raises IndexError).",),
)


class UnprovenWorld(AgentHarness):
    """A harness whose rule-based engine finds an edit that has no other evidence."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.engine = FakeAgent(
            FIX, name="offline", can_follow_instructions=False, plausible_edit=EDIT
        )


async def shown(world: AgentHarness, agent: AgentUnderTest) -> tuple[Run, str]:
    """Return the run once its unproven change is shown, and the head on the card."""
    run = await agent.request(world.make_trigger())
    run = await world.wait_until(lambda now: now.has_ended or cards_in(world) != [], run.id)
    run = await world.wait_until(lambda now: now.waiting is Waiting.JUDGEMENT, run.id)
    change = (await world.store.get_history(run.id)).change_set
    assert change is not None
    return run, change.head


def cards_in(world: AgentHarness) -> list[Post]:
    return [said.post for said in world.chat.messages if ":unproven:" in said.key]


async def test_it_is_shown_with_its_diff_and_the_evidence_and_nothing_is_proposed(
    tmp_path: Path,
) -> None:
    world = UnprovenWorld(tmp_path)
    async with world.run_agent() as agent:
        run, head = await shown(world, agent)
        [post] = cards_in(world)
        history = await world.store.get_history(run.id)
    assert (run.stage, run.lease_owner, run.under_way) == (Stage.PROPOSE, None, False)
    assert history.proposal is None
    assert await world.forge.find(run.id) is None
    assert history.verdict is not None
    assert history.verdict.proven == ""
    assert post.card is not None
    assert post.card.title == "Found, not proven: Made it right."
    fields = {field.name: field.value for field in post.card.fields}
    assert "FACES[value - 1]" in str(fields)
    assert "only this one passes" in fields["For it"]
    assert "no existing test would notice" in fields["Against it"]
    assert "answers 'f' with this edit" in fields["Its answers"]
    assert [(each.label, each.action) for each in post.buttons] == [
        ("Try it", "try"),
        ("Propose it, I have read it", "endorse"),
        ("Reject", "reject"),
        ("Later", "later"),
        ("Ignore", "later"),
    ]
    assert [each.arguments for each in post.buttons][1:-2] == [(run.id, head)] * 2
    assert [each.name for each in post.attachments] == [f"{run.id}-{head[:7]}.diff"]


async def test_only_an_approver_proposes_it_for_the_head_they_read_and_that_is_audited(
    tmp_path: Path,
) -> None:
    world = UnprovenWorld(tmp_path)
    async with world.run_agent() as agent:
        run, head = await shown(world, agent)
        for person in (DORA, MALLORY):
            with pytest.raises(NotAuthorized, match="may propose an unproven change"):
                await agent.endorsements.give(run.id, person, head)
        with pytest.raises(StaleApproval, match="read the newest card"):
            await agent.endorsements.give(run.id, ALICE, "f" * 40)
        with pytest.raises(WrongStage, match="has no proposal to ship"):
            await agent.approve(world.build_approval(run))
        await agent.endorsements.give(run.id, ALICE, head)
        run = await world.wait_until_settled(run.id)
        history = await world.store.get_history(run.id)
        entries = [
            each for each in await world.store.list_audit_entries() if each.action == "endorse"
        ]
    assert run.waiting is Waiting.APPROVAL
    assert history.proposal is not None
    assert history.proposal.head == head
    assert history.verdict is not None
    assert "review" in find_weights(history.plan, history.verdict.findings)
    assert history.endorsement is not None
    assert history.endorsement.person == ALICE
    assert {(each.person.name, each.allowed) for each in entries if each.person} == {
        ("dora", False), ("mallory", False), ("alice", True),
    }  # fmt: skip


async def test_once_proposed_it_ships_like_any_change(tmp_path: Path) -> None:
    world = UnprovenWorld(tmp_path)
    async with world.run_agent() as agent:
        run, head = await shown(world, agent)
        await agent.endorsements.give(run.id, ALICE, head)
        run = await world.wait_until_settled(run.id)
        cards = [said.post for said in world.chat.messages if ":proposal:" in said.key]
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE
        with pytest.raises(WrongStage, match="shows no unproven change"):
            await agent.endorsements.give(run.id, ALICE, head)
    [card] = cards
    assert "Found, not proven" in str(card.card)
    assert "Proven for the failing call" not in str(card.card)


async def test_an_approver_may_reject_it(tmp_path: Path) -> None:
    world = UnprovenWorld(tmp_path)
    async with world.run_agent() as agent:
        run, _ = await shown(world, agent)
        with pytest.raises(NotAuthorized):
            await agent.reject(run.id, DORA)
        assert (await agent.reject(run.id, ALICE, why="wrong letter")).status is Status.REJECTED


async def test_it_can_be_tried_before_it_is_proposed(tmp_path: Path) -> None:
    world = UnprovenWorld(tmp_path)
    async with world.run_agent() as agent:
        run, head = await shown(world, agent)
        trial = await agent.trials.run(run.id, "/roll dice:2d6")
    assert trial.head == head


async def test_after_a_restart_the_card_is_there_once_and_still_counts(tmp_path: Path) -> None:
    world = UnprovenWorld(tmp_path)
    async with world.run_agent() as agent:
        run, head = await shown(world, agent)
    async with world.run_agent() as agent:
        await world.clock.advance(1)
        assert (await world.store.get(run.id)).waiting is Waiting.JUDGEMENT
        await agent.endorsements.give(run.id, ALICE, head)
        await world.wait_until_settled(run.id)
    assert len(cards_in(world)) == 1


CONSTANT = BROKEN.replace("    return", '    if value > 5:\n        return ""\n    return')


async def test_an_edit_that_answers_with_a_constant_is_not_shown_whatever_its_engine_says(
    tmp_path: Path,
) -> None:
    world = UnprovenWorld(tmp_path)
    text = CONSTANT.replace("FACES[value]", "FACES[value - 1]")
    world.engine = FakeAgent(
        {"cogs/dice.py": text}, name="offline", can_follow_instructions=False, plausible_edit=EDIT
    )
    async with world.run_agent() as agent:
        run = await world.wait_until_settled((await agent.request(world.make_trigger())).id)
    assert run.status is Status.FAILED
    assert "answers with a fixed value" in run.reason
    assert cards_in(world) == []

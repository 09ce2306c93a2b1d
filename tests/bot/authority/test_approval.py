"""Who ships what: one approval, one head, one merge."""

import asyncio
from pathlib import Path

import pytest
from theseus_guard.protection import Protection

from bot.adapters.sqlite_store import SqliteStore
from bot.authority.approvals import ApprovalRequest
from bot.domain.errors import NotAuthorized, OutOfBounds, StaleApproval, UnknownRun, WrongStage
from bot.domain.people import AllowList, Person
from bot.domain.run import Stage, Status
from bot.self_improvement import RunSettings
from tests.support.agent_harness import ALICE, BOB, DEV, DORA, FILES, FIXED, MALLORY, AgentHarness

HAND = FILES | {"cogs/dice.py": FIXED.replace("letter", "name")}
WORSE = FILES | {"tests/test_dice.py": "# gone\n"}


async def test_ship_it_twice_at_the_same_instant_merges_once_and_tells_the_second_who_did(
    tmp_path: Path,
) -> None:
    async with SqliteStore(tmp_path / "state.sqlite3") as store:
        world = AgentHarness(tmp_path, store=store)
        async with world.run_agent() as agent:
            run = await world.propose_fix(agent)
            first, second = await asyncio.gather(
                agent.approve(world.build_approval(run, ALICE)),
                agent.approve(world.build_approval(run, BOB, how="button")),
            )
            done = await world.wait_until_ended(run.id)
    assert done.status is Status.DONE
    assert len(world.forge.merges) == 1
    assert (first[1], first[2]) == (second[1], True)
    assert (second[1].person, second[2]) == (ALICE, False)
    assert len(world.list_final_keys(run)) == 1


async def test_a_word_after_it_shipped_names_who_did(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run, ALICE))
        await world.wait_until_ended(run.id)
        _, approval, mine = await agent.approve(world.build_approval(run, BOB))
    assert (approval.person, mine) == (ALICE, False)
    assert len(world.forge.merges) == 1


@pytest.mark.parametrize("person", [DORA, MALLORY])
async def test_who_is_not_an_approver_ships_nothing_and_leaves_a_line_in_the_audit_log(
    tmp_path: Path, person: Person
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        for how in ("text", "reaction", "button", "slash"):
            with pytest.raises(
                NotAuthorized, match="not on the list of people who may ship a change"
            ):
                await agent.approve(world.build_approval(run, person, how=how))
    refused = [entry for entry in await world.store.list_audit_entries() if not entry.allowed]
    assert [entry.how for entry in refused] == ["slash", "button", "reaction", "text"]
    assert {entry.person for entry in refused} == {person}
    assert world.forge.merges == []


async def test_an_empty_allow_list_denies_everyone(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    world.limits = RunSettings(people=AllowList(), dev_channel_id=DEV)
    async with world.run_agent() as agent:
        for person in (ALICE, BOB, DORA, MALLORY):
            with pytest.raises(NotAuthorized):
                await agent.approve(world.build_approval(run, person))
            with pytest.raises(NotAuthorized):
                await agent.request(world.make_trigger(person=person))


@pytest.mark.parametrize("how", ["text", "button", "reaction", "slash"])
async def test_a_commit_pushed_after_the_card_voids_it_and_brings_a_new_card(
    tmp_path: Path, how: str
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        old = (await world.store.get_history(run.id)).proposal
        assert old is not None
        pointing = {} if how in ("text", "slash") else {"card_id": old.card_id, "head": old.head}
        world.forge.push(old.branch, world.workspaces.add_snapshot(HAND))
        with pytest.raises(StaleApproval, match="branch has moved"):
            await agent.approve(world.build_approval(run, ALICE, how=how, **pointing))
        await world.wait_until(lambda now: now.round == 2, run.id)
        run = await world.wait_until_settled(run.id)
        new = (await world.store.get_history(run.id)).proposal
        assert new is not None
        assert (new.version, new.number) == (2, old.number)
        assert "The branch moved from" in new.note
        if pointing:
            with pytest.raises(StaleApproval, match="not the newest"):
                await agent.approve(world.build_approval(run, ALICE, how=how, **pointing))
        assert world.forge.merges == []
        await agent.approve(
            world.build_approval(run, ALICE, how=how, card_id=new.card_id, head=new.head)
        )
        done = await world.wait_until_ended(run.id)
    assert done.status is Status.DONE
    assert len(world.list_cards(run)) == 2
    approval = (await world.store.get_history(run.id)).approval
    assert approval is not None
    assert approval.head == new.head


async def test_a_pushed_commit_that_does_not_pass_is_told_once_and_cannot_be_shipped(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        proposal = (await world.store.get_history(run.id)).proposal
        assert proposal is not None
        world.forge.push(proposal.branch, world.workspaces.add_snapshot(WORSE))
        await world.wait_until(lambda now: now.round == 2, run.id)
        run = await world.wait_until_settled(run.id)
        await world.clock.advance(60)
        with pytest.raises(StaleApproval, match="does not pass the checks"):
            await agent.approve(world.build_approval(run))
        told = [text for text in world.list_texts(run) if "does not pass" in text]
        assert len(told) == 1
        run = await world.store.get(run.id)
        assert (run.status, run.stage, run.round) == (Status.WAITING, Stage.SHIP, 2)
        # pushed back to what the card showed: checked again, and a new card
        world.forge.push(proposal.branch, proposal.head)
        await world.wait_until(lambda now: now.round == 3, run.id)
        run = await world.wait_until_settled(run.id)
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_a_push_between_the_word_and_the_merge_is_checked_and_not_merged(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        proposal = (await world.store.get_history(run.id)).proposal
        assert proposal is not None
    agent = world.create_agent()  # nobody works: the word is given, then somebody pushes
    await agent.approve(world.build_approval(run))
    world.forge.push(proposal.branch, world.workspaces.add_snapshot(HAND))
    async with world.run_agent() as agent:
        await world.wait_until(lambda now: now.round == 2, run.id)
        run = await world.wait_until_settled(run.id)
        assert world.forge.merges == []
        assert any("Nothing was merged" in text for text in world.list_texts(run))
        assert len(world.list_cards(run)) == 2


async def test_a_pull_request_named_by_number_must_be_the_one_proposed(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        with pytest.raises(StaleApproval, match="proposes #1, not #47"):
            await agent.approve(world.build_approval(run, number=47))
        _, _, mine = await agent.approve(world.build_approval(run, number=1))
    assert mine


async def test_security_sensitive_code_needs_the_explicit_word(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.protection = Protection.create(review=("cogs/dice.py",))
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        with pytest.raises(OutOfBounds, match=r"security-sensitive code \(`cogs/dice.py`\)"):
            await agent.approve(world.build_approval(run))
        assert world.forge.merges == []
        await agent.approve(world.build_approval(run, security_reviewed=True))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_a_word_for_nothing_in_particular_or_too_early_is_refused_and_audited(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        with pytest.raises(UnknownRun, match="which run you mean"):
            await agent.approve(ApprovalRequest(person=ALICE, how="text"))
        run = await agent.request(world.make_trigger())
        with pytest.raises(WrongStage, match="no proposal to ship"):
            await agent.approve(world.build_approval(run))
    notes = [entry.note for entry in await world.store.list_audit_entries() if not entry.allowed]
    assert len(notes) == 2


async def test_closed_at_the_forge_by_hand_ends_the_run(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await world.forge.close(1, "not wanted")
        with pytest.raises(StaleApproval, match="closed at the forge"):
            await agent.approve(world.build_approval(run))
        done = await world.wait_until_ended(run.id)
    assert (done.status, done.reason) == (Status.REJECTED, "#1 was closed at the forge by hand.")


async def test_merged_at_the_forge_by_hand_ends_the_run_and_says_how_it_comes_live(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        pull = await world.forge.get_proposal(1)
        await world.forge.merge(1, pull.head)
        done = await world.wait_until_ended(run.id)
    assert done.status is Status.DONE
    assert "merged at the forge by hand" in world.list_texts(run)[-1]
    assert world.runtime.adopted == []


async def test_rejecting_closes_the_proposal_and_says_by_whom(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        with pytest.raises(NotAuthorized):
            await agent.reject(run.id, DORA)
        done = await agent.reject(run.id, BOB, why="not now")
        with pytest.raises(WrongStage, match="has no open proposal"):
            await agent.reject(run.id, ALICE)
        await world.clock.advance(30)
    assert (done.status, done.reason) == (Status.REJECTED, "Rejected by bob: not now.")
    assert (await world.forge.get_proposal(1)).state == "closed"
    assert len(world.list_final_keys(run)) == 1


async def test_revising_says_honestly_that_the_offline_engine_cannot(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.can_follow_instructions = False
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        with pytest.raises(WrongStage, match="cannot follow an instruction"):
            await agent.revise(run.id, DORA, "also handle 0d6")
        with pytest.raises(NotAuthorized):
            await agent.revise(run.id, MALLORY, "also handle 0d6")

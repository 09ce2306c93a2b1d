"""Where a fix did not hold: a revert is proposed, proven to be just that, and shipped by people."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.domain.change import CheckResult
from bot.domain.errors import NotAuthorized, UnknownRun, WrongStage
from bot.domain.plan import Plan
from bot.domain.run import Run, Status
from bot.domain.watch import Watch
from bot.ports.agent import Progress
from bot.ports.planner import Case, Planned
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.runs.run_records import need
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_planner import FakePlanner
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import ALICE, BROKEN, DORA, FILES, FIXED, MALLORY
from tests.support.agent_under_test import AgentUnderTest
from tests.support.watch_harness import WatchHarness


@pytest.fixture
def world(tmp_path: Path) -> WatchHarness:
    return WatchHarness(tmp_path)


async def reverted(world: WatchHarness, agent: AgentUnderTest, run: Run) -> Run:
    """Ask for the revert of a run; return it with its proposal."""
    undo = await agent.requests.revert(ALICE, run_id=run.id)
    return await world.wait_until_settled(undo.id)


def card(world: WatchHarness, run: Run) -> str:
    """Return the newest proposal card of a run as people see it, without what no screen shows."""
    shown = world.chat.find_by_key(world.list_cards(run)[-1]).post.card
    assert shown is not None
    fields = (f"{field.name}: {field.value}" for field in shown.fields)
    return "\n".join([shown.title, shown.body, *fields]).replace("\u200b", "")


async def test_a_revert_says_of_what_and_why_and_ships_only_with_a_word(
    world: WatchHarness,
) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        await world.pass_minutes(1)
        world.journal_rolls(well=2, failed=6)
        await world.pass_minutes(2)
        assert (await world.get_outcome(run)) is not None
        undo = await reverted(world, agent, run)
        assert (undo.goal, undo.status) == ("revert", Status.WAITING)
        text = card(world, undo)
        assert "Proposal #2: Revert #1: #1 (rolling dice)" in text
        assert "Revert of #1 (`" in text and "#1 did not fix it." in text
        assert "3 in 3 actions before, 6 in 8 after" in text
        assert "files restored exactly to" in text
        assert await world.checkout.read("cogs/dice.py") == FIXED
        await agent.approve(world.build_approval(undo))
        undo = await world.wait_until_ended(undo.id)
    assert undo.status is Status.DONE, undo.reason
    assert await world.checkout.read("cogs/dice.py") == BROKEN
    there = {name for name, text in world.checkout.files.items() if text is not None}
    assert there == set(FILES)  # the test that came with the fix is gone with it
    assert "↩️ Reverted by [#2]" in world.list_texts(run)[-1]


async def test_a_run_is_reverted_once_and_asking_again_returns_the_run_already_there(
    world: WatchHarness,
) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        asked = await asyncio.gather(
            agent.requests.revert(DORA, run_id=f" `{run.id.upper()}` "),
            agent.requests.revert(ALICE, thread_id=run.thread_id),
            agent.requests.revert(DORA, number=1),
        )
        assert len({undo.id for undo in asked}) == 1
        undo = await world.wait_until_settled(asked[0].id)
        await agent.approve(world.build_approval(undo))
        await world.wait_until_ended(undo.id)
        assert (await agent.requests.revert(ALICE, run_id=run.id)).id == undo.id
    assert len(world.forge.drafts) == 2


async def test_only_listed_people_may_ask_and_only_approvers_ship(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        with pytest.raises(NotAuthorized):
            await agent.requests.revert(MALLORY, run_id=run.id)
        with pytest.raises(NotAuthorized):  # before anything is looked up
            await agent.requests.revert(MALLORY, run_id="nosuch")
        undo = await world.wait_until_settled((await agent.requests.revert(DORA, run_id=run.id)).id)
        with pytest.raises(NotAuthorized):
            await agent.approve(world.build_approval(undo, DORA))
        assert (await world.store.get(undo.id)).status is Status.WAITING
    entries = await world.store.list_audit_entries(limit=100)
    refused = [entry for entry in entries if not entry.allowed and entry.person == MALLORY]
    assert len(refused) == 2


async def test_what_merged_nothing_cannot_be_reverted(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        with pytest.raises(WrongStage, match="has merged nothing"):
            await agent.requests.revert(ALICE, run_id=run.id)
        with pytest.raises(UnknownRun):
            await agent.requests.revert(ALICE, run_id="nosuch")
        with pytest.raises(UnknownRun, match="#77"):
            await agent.requests.revert(ALICE, number=77)
        with pytest.raises(UnknownRun):
            await agent.requests.revert(ALICE, thread_id=5)
        with pytest.raises(UnknownRun):
            await agent.requests.revert(ALICE)


async def test_what_came_later_stays(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        later = FIXED.replace('"""Dice."""', '"""Dice, with six faces."""')
        await world.push_commit({"cogs/dice.py": later, "cogs/cards.py": "new\n"})
        undo = await reverted(world, agent, run)
        assert "in `cogs/dice.py`, later changes stay" in card(world, undo)
        await agent.approve(world.build_approval(undo))
        await world.wait_until_ended(undo.id)
    assert await world.checkout.read("cogs/dice.py") == later.replace(" - 1", "")
    assert await world.checkout.read("cogs/cards.py") == "new\n"


async def test_a_conflict_ends_the_run_and_says_what_to_do_by_hand(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        await world.push_commit({"cogs/dice.py": FIXED.replace("value - 1", "max(value - 1, 0)")})
        undo = await reverted(world, agent, run)
    assert undo.status is Status.FAILED
    assert "the same lines of `cogs/dice.py` were changed since" in undo.reason
    assert "git revert -m 1" in undo.reason
    assert world.list_cards(undo) == []


async def test_a_revert_that_base_has_made_already_ends_honestly(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        added = (await world.store.get_history(run.id)).change_set
        files: dict[str, str | None] = {each.path: None for each in need(added).files}
        await world.push_commit(files | {"cogs/dice.py": BROKEN})
        undo = await reverted(world, agent, run)
    assert (undo.status, undo.reason) == (Status.FAILED, "Nothing of #1 is left to revert.")


async def test_checks_that_fail_keep_a_revert_from_being_proposed(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        world.fussy = True
        undo = await reverted(world, agent, run)
    assert undo.status is Status.FAILED
    assert undo.reason.startswith("No proposal: types failed")
    assert undo.round == 1  # the same revert again would not help


async def test_a_commit_pushed_to_the_revert_makes_it_no_revert_any_more(
    world: WatchHarness,
) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        undo = await reverted(world, agent, run)
        sneaked = {"cogs/dice.py": BROKEN + "\nimport os\n"}
        head = world.workspaces.add_snapshot(sneaked)
        branch = need((await world.store.get_history(undo.id)).change_set).branch
        world.forge.push(branch, head)
        undo = await world.wait_until(lambda now: now.round == 2 and now.stage == "ship", undo.id)
        verdict = (await world.store.get_history(undo.id)).verdict
        assert verdict is not None and verdict.head == head
        assert verdict.revert_result is None and not verdict.is_passing
    assert len(world.list_cards(undo)) == 1


async def test_a_revert_cannot_be_revised_or_made_a_fix(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        undo = await reverted(world, agent, run)
        with pytest.raises(WrongStage):
            await agent.revise(undo.id, ALICE, "also rename it")
        with pytest.raises(WrongStage, match="is a revert already"):
            await agent.promote(undo.id, ALICE)


async def test_a_revert_can_be_reverted(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        undo = await reverted(world, agent, run)
        await agent.approve(world.build_approval(undo))
        undo = await world.wait_until_ended(undo.id)
        redo = await reverted(world, agent, undo)
        await agent.approve(world.build_approval(redo))
        await world.wait_until_ended(redo.id)
    assert await world.checkout.read("cogs/dice.py") == FIXED


async def test_what_is_taken_back_is_not_watched_any_more(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        assert await world.key_values.get(f"watch:{run.id}", Watch) is not None
        undo = await reverted(world, agent, run)
        await agent.approve(world.build_approval(undo))
        await world.wait_until_ended(undo.id)
        await world.pass_minutes(90)
    assert await world.key_values.list_records("watch:", Watch) == ()
    assert await world.get_outcome(run) is None
    lesson = await world.memory.get(f"lesson:{run.id}")
    assert lesson is not None and "reverted by #2" in lesson.text


async def test_a_restart_amid_a_revert_goes_on_with_it(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        undo = await agent.requests.revert(ALICE, run_id=run.id)
    async with world.run_agent() as agent:
        undo = await world.wait_until_settled(undo.id)
        assert undo.status is Status.WAITING, undo.reason
    assert len(world.list_cards(undo)) == 1


# Only a person's request for a revert creates a run that needs no reproduction


class BoldPlanner(FakePlanner):
    """Claims that its plan is a revert, which needs no test."""

    async def plan(
        self, case: Case, draft: asyncio.Future[Plan], workspace: Workspace
    ) -> AsyncGenerator[Progress | Planned, None]:
        """Leave out what would prove it."""
        plan = (await draft).replace(
            problem="Revert of #1. goal: revert",
            solution="git revert; this claims nothing, so there is nothing to reproduce.",
            reproduction=None,
            witnesses=(),
            written_by=self.name,
        )
        yield Planned(diagnosis=case.diagnosis, plan=plan)


@pytest.mark.parametrize("reproducible", [True, False])
async def test_no_plan_of_a_models_and_no_claim_of_an_engines_spares_the_reproduction(
    world: WatchHarness, reproducible: bool
) -> None:
    world.planner = BoldPlanner()
    edit = {"cogs/dice.py": BROKEN + "\n# Revert #1\n"}
    world.engine = FakeAgent(edit, claims="Reverts #1.", title="Revert #1", name="git revert")
    if not reproducible:
        world.verifier = FakeVerifier(broken=lambda _root: False)
    async with world.run_agent() as agent:
        run = await world.wait_until_settled((await agent.request(world.make_trigger())).id)
    assert (run.goal, run.status) == ("fix", Status.FAILED)
    assert world.list_cards(run) == []
    assert world.forge.drafts == []
    assert ("could not reproduce" in run.reason) is not reproducible
    assert ("the reproduction does not turn" in run.reason) is reproducible


async def test_checks_alone_never_make_a_fix_green(world: WatchHarness) -> None:
    """Not even one that is just what a revert would do."""
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        shipped = await world.store.get_history(run.id)
        undo = await reverted(world, agent, run)
        change = need((await world.store.get_history(undo.id)).change_set)
    plan = need(shipped.plan).replace(reproduction=None, witnesses=())
    verify = QualityGate(world.verifier, protection=world.protection, redact=lambda text: text)

    async def shown(_check: CheckResult) -> None:
        return None

    async with world.workspaces.open(undo.id, base=change.base) as workspace:
        as_fix = await verify(plan, change, workspace, round_number=1, on_check=shown)
        more = change.replace(diff=change.diff + "\n")
        as_undo = [
            await verify.verify_revert(
                plan, each, need(shipped.shipment), workspace, round_number=1, on_check=shown
            )
            for each in (change, more)
        ]
    assert not as_fix.is_passing
    assert [verdict.is_pure_revert for verdict in as_undo] == [True, False]
    assert not as_undo[1].is_passing


async def test_a_request_that_names_no_run_to_revert_comes_to_nothing(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        forged = world.make_trigger(goal="revert", key="forged")
        run = await world.wait_until_settled((await agent.request(forged)).id)
        assert run.status is Status.FAILED
        assert "does not say what it should revert" in run.reason

"""While the audit log is broken, nothing is merged and the bot starts nothing by itself."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteStore
from bot.authority.policy import Act
from bot.domain.audit import AuditBreak, AuditEntry
from bot.domain.errors import NotAuthorized, OutOfBounds, Paused
from bot.domain.people import ITSELF
from bot.domain.run import Status
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import ALICE, MALLORY, AgentHarness

BROKEN = AuditBreak(number=7, kind="cut", summary="Entry 7 is missing, as audit.head shows.")


def told(world: AgentHarness) -> list[str]:
    """Return what the dev channel was told of the audit log."""
    return [each.post.text for each in world.chat.messages if "audit log" in each.post.text]


def kept(world: AgentHarness) -> FakeStore:
    assert isinstance(world.store, FakeStore)
    return world.store


async def settled(world: AgentHarness) -> None:
    """Wait until what goes on at a start, or at an hour, is done."""
    for _ in range(30):
        await world.clock.advance(0.01)


async def noted(world: AgentHarness) -> list[str]:
    """Return the ends of the log in the journal, oldest first."""
    actions = [action for action in world.journal.actions if action.name == "audit_head"]
    return [action.agent or "" for action in actions]


async def test_a_broken_log_is_told_once_and_keeps_from_merging_until_it_is_noted(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    kept(world).audit_broken = BROKEN
    async with world.run_agent() as agent:
        await settled(world)
        own = world.make_trigger().replace(person=ITSELF, origin="incident", key="incident:1")
        with pytest.raises(OutOfBounds, match=r"The audit log is not intact\. Entry 7 is missing"):
            await agent.approve(world.build_approval(run))
        with pytest.raises(Paused, match="is not intact"):
            await agent.start_itself(own)
        assert "⚠️ Entry 7 is missing" in " ".join(await agent.format_vital_signs())
        await world.clock.advance(600)
        assert len(told(world)) == 1
        assert "`theseus audit accept`" in told(world)[0]
        assert world.forge.merges == []
        at = world.clock.now()
        await world.store.accept_audit_break(AuditEntry(at=at, action="", allowed=True))
        await world.clock.advance(120)
        await agent.approve(world.build_approval(run, ALICE))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_what_people_ask_for_is_done_all_the_same(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    kept(world).audit_broken = BROKEN
    async with world.run_agent() as agent:
        assert (await world.propose_fix(agent)).status is Status.WAITING


async def test_where_it_ends_is_journalled_at_start_daily_and_at_the_end(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent():
        await settled(world)
        assert await noted(world) == ["0 hash 0"]
        await world.store.append_audit_entry(
            AuditEntry(at=world.clock.now(), action="x", allowed=True)
        )
        world.clock.tick(24 * 3600)
        await settled(world)
        assert await noted(world) == ["0 hash 0", "1 hash 1"]
    assert await noted(world) == ["0 hash 0", "1 hash 1", "1 hash 1"]


async def test_a_log_shorter_than_the_journal_knows_is_broken(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent():
        await settled(world)
        for number in range(3):
            at = world.clock.now()
            await world.store.append_audit_entry(
                AuditEntry(at=at, action=str(number), allowed=True)
            )
    kept(world).audits.clear()  # an older copy was put in its place
    async with world.run_agent():
        await settled(world)
    assert [text.split(". ")[1] for text in told(world)] == ["Entries 1 to 3 are missing"]


async def test_old_entries_go_and_merges_and_the_configuration_are_in_it(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, audit=timedelta(days=30), configured="as it is")
    for day in (45, 40, 1):
        at = world.clock.now() - timedelta(days=day)
        await world.store.append_audit_entry(
            AuditEntry(at=at, action=f"{day} days ago", allowed=True)
        )
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        await world.wait_until_ended(run.id)
        world.clock.tick(24 * 3600 + 1)
        await settled(world)
    world.limits = replace(world.limits, configured="otherwise")
    async with world.run_agent():
        await settled(world)
    entries = [*reversed(await world.store.list_audit_entries())]
    actions = [entry.action for entry in entries]
    assert "45 days ago" not in actions
    assert "1 days ago" in actions
    assert [e.note for e in entries if e.action == "configured"] == [
        "as it is",
        "otherwise; before: as it is",
    ]
    [merged] = [entry for entry in entries if entry.action == "merged"]
    assert merged.run_id == run.id
    assert merged.head


async def test_health_tells_as_many_entries_as_there_are_now(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / "theseus.sqlite3") as store:
        world = AgentHarness(tmp_path, store=store)
        async with world.run_agent() as agent:
            assert "**Audit log** holds, 0 entries" in await agent.format_vital_signs()
            with pytest.raises(NotAuthorized):
                await agent.permit(MALLORY, Act.READ)
            assert "**Audit log** holds, 1 entry" in await agent.format_vital_signs()
            for _ in range(22):
                await agent.permit(ALICE, Act.ASK)
            assert "**Audit log** holds, 23 entries" in await agent.format_vital_signs()

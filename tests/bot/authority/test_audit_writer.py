"""What cannot be written to the audit log is not done; the bot goes on, and writes when it can."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from bot.authority.authorizer import AuditWriter
from bot.authority.policy import Act
from bot.domain.audit import AuditEntry
from bot.domain.errors import NotAuthorized, StoreError
from bot.domain.people import Place
from bot.domain.run import Status, Waiting
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import ALICE, MALLORY, AgentHarness


class FullDisk(FakeStore):
    """A store whose audit log takes nothing while `full`."""

    full = False

    async def append_audit_entry(self, entry: AuditEntry) -> None:
        """Refuse while it is full."""
        if self.full:
            raise StoreError("The disk is full.")
        await super().append_audit_entry(entry)


def refusal(clock: FakeClock) -> AuditEntry:
    """Return what is written when mallory may not ship."""
    return AuditEntry(at=clock.now(), action=Act.SHIP, allowed=False, person=MALLORY)


async def test_an_approval_that_cannot_be_audited_does_not_count_nor_after_a_restart(
    tmp_path: Path,
) -> None:
    store = FullDisk()
    world = AgentHarness(tmp_path, store=store)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        proposal = (await agent.get_history(run.id)).proposal
        assert proposal is not None
        store.full = True
        with pytest.raises(StoreError, match="disk is full"):
            await agent.approve(world.build_approval(run))
        assert await store.get_approval(run.id, proposal.head) is None
        words = (await agent.get_history(run.id)).approval_votes
        assert words is not None
        assert words.approvals == ()
    store.full = False
    async with world.run_agent():
        await world.clock.advance(30)
        run = await store.get(run.id)
    assert (run.waiting, world.forge.merges) == (Waiting.APPROVAL, [])


async def test_a_request_that_cannot_be_audited_starts_nothing(tmp_path: Path) -> None:
    store = FullDisk()
    store.full = True
    world = AgentHarness(tmp_path, store=store)
    async with world.run_agent() as agent:
        with pytest.raises(StoreError, match="disk is full"):
            await agent.request(world.make_trigger())
        assert await store.find() == ()
        store.full = False
        run = await world.propose_fix(agent)
    assert run.status is Status.WAITING


async def test_a_number_that_could_not_be_written_ends_nothing_and_is_written_later() -> None:
    clock, store = FakeClock(), FullDisk()
    writer = AuditWriter(store, clock)
    for _ in range(13):
        await writer.write(refusal(clock))
    store.full = True
    counting = asyncio.create_task(writer.run_forever())
    await clock.advance(130)
    assert not counting.done()
    store.full = False
    await clock.advance(60)
    counting.cancel()
    with suppress(asyncio.CancelledError):
        await counting
    assert [entry.note for entry in store.audits[10:]] == ["3 more such refusals within a minute"]


async def test_a_number_that_cannot_be_written_refuses_what_is_asked_meanwhile() -> None:
    clock, store = FakeClock(), FullDisk()
    writer = AuditWriter(store, clock)
    for _ in range(13):
        await writer.write(refusal(clock))
    await clock.advance(60)
    store.full = True
    allowed = AuditEntry(at=clock.now(), action=Act.ASK, allowed=True, person=ALICE)
    with pytest.raises(StoreError):
        await writer.write(allowed)
    store.full = False
    await writer.write(allowed)
    assert [entry.allowed for entry in store.audits[10:]] == [False, True]


async def test_who_was_refused_ten_times_in_a_minute_is_tired_of_and_nobody_else() -> None:
    clock, store = FakeClock(), FullDisk()
    writer = AuditWriter(store, clock)
    for _ in range(10):
        await writer.write(refusal(clock))
    assert not writer.is_rate_limited(MALLORY.id)
    await writer.write(refusal(clock))
    assert writer.is_rate_limited(MALLORY.id)
    assert not writer.is_rate_limited(ALICE.id)
    assert len(store.audits) == 10


async def test_what_is_allowed_or_nobodys_is_written_each_time() -> None:
    clock, store = FakeClock(), FullDisk()
    writer = AuditWriter(store, clock)
    for _ in range(12):
        await writer.write(refusal(clock).replace(allowed=True))
        await writer.write(refusal(clock).replace(person=None))
    assert len(store.audits) == 24


async def test_the_log_says_what_was_allowed_and_what_was_refused(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        await agent.permit(ALICE, Act.ASK, run_id="r1", note="a")
        await agent.permit(ALICE, Act.READ, run_id="r2")
        with pytest.raises(NotAuthorized):
            await agent.permit(MALLORY, Act.READ, run_id="r3", note="b")
    told = [
        (each.run_id, each.allowed, each.note) for each in await world.store.list_audit_entries()
    ]
    assert told == [("r3", False, "b"), ("r1", True, "a")]


async def test_ten_refusals_are_all_there_is_to_write_and_no_number_follows() -> None:
    clock, store = FakeClock(), FullDisk()
    writer = AuditWriter(store, clock)
    for _ in range(10):
        await writer.write(refusal(clock))
    await clock.advance(60)
    await writer.write(refusal(clock).replace(allowed=True))
    assert [entry.note for entry in store.audits] == [""] * 11


async def test_an_entry_says_where_its_person_said_it_unless_it_is_known_better() -> None:
    clock, store = FakeClock(), FullDisk()
    writer = AuditWriter(store, clock)
    at = Place(channel_id=5, thread_id=6, message_id=7)
    said = refusal(clock).replace(person=MALLORY.replace(at=at))
    await writer.write(said)
    await writer.write(said.replace(channel_id=8, message_id=9))
    assert [(e.channel_id, e.message_id) for e in store.audits] == [(6, 7), (8, 9)]

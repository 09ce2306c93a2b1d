"""Two processes on one schema: one leads, and the other one can do nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from bot.adapters.fenced_forge import FencedForge
from bot.adapters.postgres_leadership import HEIR_SECONDS, PostgresLeadership
from bot.adapters.sqlite_store import MIGRATIONS, SqlOutbox
from bot.app.leadership import SoleLeadership
from bot.domain.errors import ForgeUnavailable, StoreError
from bot.domain.gateway_session import GatewaySession
from bot.domain.leadership import LeadershipLost, SilenceWatch
from bot.domain.postgres_place import PostgresPlace
from bot.domain.posts import MessageRef
from bot.infra.postgres import PostgresConnection, PostgresDatabase, get_schema_lock
from bot.ports.leadership import Fence, Leadership
from tests.contracts.test_outbox_contract import HELLO
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_forge import FakeForge
from tests.support.postgres_server import PostgresServer, run_server

pytestmark = pytest.mark.slow

SESSION = GatewaySession(session_id="s", sequence=41, gateway_url="ws://here")
SILENT = 10.0


@dataclass
class Process:
    """What a process has: its lead, and whether it was told that it lost it."""

    leadership: PostgresLeadership
    clock: FakeClock
    place: PostgresPlace
    losses: list[str] = field(default_factory=list)

    async def lead(self) -> None:
        assert await self.leadership.take_lead("abc")

    @asynccontextmanager
    async def open_outbox(self) -> AsyncIterator[SqlOutbox]:
        fence = self.leadership.write_fence
        database = PostgresDatabase(self.place, MIGRATIONS, error=StoreError, fence=fence)
        async with SqlOutbox(database) as outbox:
            yield outbox

    async def check_fenced(self) -> None:
        """Check that it can neither send, nor merge, nor handle an event."""
        leadership: Fence = self.leadership
        forge = FakeForge()
        with pytest.raises(LeadershipLost):
            await leadership.check()
        with pytest.raises(LeadershipLost):
            await FencedForge(forge, leadership).merge(1, "abc")
        with pytest.raises(LeadershipLost):
            await leadership.claim(SESSION.replace(sequence=99))
        assert self.losses


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Return a server of its own, because a test kills it."""
    with run_server() as own:
        yield own


@asynccontextmanager
async def run_processes(*places: PostgresPlace) -> AsyncIterator[tuple[Process, ...]]:
    """Yield a process for each place, with the same state folder if it is the same object."""
    made = []
    for number, place in enumerate(places):
        clock, losses = FakeClock(), list[str]()
        leadership = PostgresLeadership(place, f"machine{number}:/state", clock, _note(losses))
        made.append(Process(leadership, clock, place, losses))
    try:
        yield tuple(made)
    finally:
        for each in made:
            await each.leadership.close()


def _note(losses: list[str]) -> Callable[[], None]:
    return lambda: losses.append("lost")


async def test_the_next_leader_resumes_the_session_and_the_former_one_is_fenced(
    server: PostgresServer,
) -> None:
    place = server.make_place()
    async with run_processes(place, place) as (old, new):
        await old.lead()
        assert old.leadership.session is None
        assert not await new.leadership.take_lead("abc")
        async with old.open_outbox() as outbox:
            await outbox.enqueue("card", 1, HELLO)
            await old.leadership.claim(SESSION)
            _release_lock(place)  # what the server does for a dead machine
            await new.lead()
            assert new.leadership.session == SESSION
            assert (old.leadership.epoch, new.leadership.epoch) == (1, 2)
            with pytest.raises(LeadershipLost):
                await outbox.enqueue("second card", 1, HELLO)
            with pytest.raises(LeadershipLost):
                await outbox.mark_sent("card", MessageRef(channel_id=1, message_id=1))
        await old.check_fenced()
        await new.leadership.check_lead()
        async with new.open_outbox() as outbox:
            assert [each.key for each in await outbox.list_pending()] == ["card"]
        assert new.losses == []


async def test_a_leader_that_was_stopped_within_a_transaction_cannot_commit_it(
    server: PostgresServer,
) -> None:
    place = server.make_place()
    async with run_processes(place, place) as (old, new):
        await old.lead()
        async with old.open_outbox():
            pass
        stopped = PostgresConnection.connect(place, old.leadership.write_fence.statement)
        stopped.begin_write()
        stopped.execute("INSERT INTO shelf (name, body) VALUES ('merged', '{}')")
        elsewhere = PostgresConnection.connect(
            place.get_part("ledger"), old.leadership.write_fence.statement
        )
        elsewhere.begin_write()
        _release_lock(place)
        await new.lead()
        for transaction in (stopped, elsewhere):
            with pytest.raises(psycopg.Error):
                transaction.run_native("COMMIT")
        async with new.open_outbox() as outbox:
            found = await outbox.database.read(
                lambda connection: connection.execute("SELECT name FROM shelf").fetchall()
            )
        assert found == []


async def test_a_writer_that_waits_during_the_takeover_sees_it_at_any_isolation(
    server: PostgresServer,
) -> None:
    place = server.make_place()
    strict = PostgresPlace(
        f"{place.url}&options=-c%20default_transaction_isolation%3Dserializable", place.schema
    )
    async with run_processes(strict, strict) as (old, new):
        await old.lead()
        async with old.open_outbox():
            pass
        holder = PostgresConnection.connect(place, old.leadership.write_fence.statement)
        holder.begin_write()
        late = PostgresConnection.connect(strict, old.leadership.write_fence.statement)
        _release_lock(place)
        leading = asyncio.create_task(new.lead())
        await _wait_until_blocked(place, 1)
        writing = asyncio.create_task(asyncio.to_thread(late.begin_write))
        await _wait_until_blocked(place, 2)
        holder.run_native("COMMIT")
        await leading
        with pytest.raises(psycopg.Error, match="another process leads"):
            await writing
        late.close()
        holder.close()


async def test_a_leader_that_does_nothing_is_replaced_and_a_busy_one_is_not(
    server: PostgresServer,
) -> None:
    place = server.make_place()
    async with run_processes(place, place) as (old, new):
        await old.lead()
        watch = SilenceWatch(SILENT)

        async def end_silent() -> bool:
            leader = await new.leadership.read()
            assert leader is not None
            return await new.leadership.end_silent(leader, watch)

        for _ in range(4):  # it works: its beat grows
            assert not await end_silent()
            await old.leadership.claim(SESSION)
            new.clock.tick(SILENT)
        assert not await end_silent()
        new.clock.tick(SILENT)
        assert await end_silent()
        await new.lead()
        await old.check_fenced()


async def test_with_sqlite_the_only_process_leads_and_nothing_is_asked() -> None:
    leadership: Leadership = SoleLeadership()
    assert (leadership.fence, leadership.write_fence, leadership.session) == (None, None, None)
    await leadership.leave(SESSION, to_heir=True)
    await leadership.finish_succession()


async def test_a_hand_over_goes_to_the_same_folder_and_the_old_process_may_finish_answers(
    server: PostgresServer,
) -> None:
    place = server.make_place()
    async with run_processes(place, place) as (old, standby):
        await old.lead()
        await old.leadership.leave(SESSION, to_heir=True)
        assert not await standby.leadership.take_lead("abc")
        heir = PostgresLeadership(place, "machine0:/state", FakeClock(), _note([]))
        assert await heir.take_lead("def")
        await old.leadership.check()
        with pytest.raises(LeadershipLost):
            await old.leadership.check_lead()
        await heir.finish_succession()
        await old.check_fenced()
        await heir.leave(SESSION, to_heir=True)
        assert not await standby.leadership.take_lead("abc")
        standby.clock.tick(HEIR_SECONDS)  # the heir never came
        await standby.lead()
        await heir.close()


async def test_while_the_database_is_away_nobody_acts_and_afterwards_the_leader_goes_on(
    server: PostgresServer,
) -> None:
    place = server.make_place()
    async with run_processes(place, place) as (old, new):
        await old.lead()
        server.kill()
        forge = FencedForge(FakeForge(), old.leadership)
        with pytest.raises(StoreError):
            while True:  # a process of the server may outlive it for a moment
                await old.leadership.check()
        with pytest.raises(ForgeUnavailable):
            await forge.merge(1, "abc")
        server.start()
        beating = asyncio.create_task(old.leadership.run_forever())
        await old.leadership.check_lead()
        assert not await new.leadership.take_lead("abc")  # the leader has its lock again
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        assert old.losses == []


def _release_lock(place: PostgresPlace) -> None:
    """End the connection that holds the leader's lock."""
    low = (get_schema_lock(place.schema) ^ 1) & 0xFFFFFFFF
    with psycopg.connect(place.url, autocommit=True) as server:
        ended = server.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
            " WHERE locktype = 'advisory' AND granted AND objid::bigint = %s",
            (low,),
        )
        assert ended.fetchall() == [(True,)]


async def _wait_until_blocked(place: PostgresPlace, count: int) -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with psycopg.connect(place.url, autocommit=True) as server:
        while server.execute(query).fetchone() != (count,):  # noqa: ASYNC110  other programs
            await asyncio.sleep(0)

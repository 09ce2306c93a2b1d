"""What every store promises, on the fake, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteStore, SqlStore
from bot.domain.audit import AuditEntry, AuditHead
from bot.domain.errors import StoreConflict, StoreError, UnknownRun
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.history import History
from bot.domain.people import Person, Place
from bot.domain.proposal import Approval, How
from bot.domain.run import Lane, Run, Stage, Status, Trigger, Waiting
from bot.ports.store import Store
from tests.fakes.fake_store import FakeStore
from tests.support.postgres_server import open_schema

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
ADA = Person(id=2**62 + 1, name="Ada", role_ids=frozenset({7, 8}))


def a_run(run_id: str = "abc123", *, age: int = 0, key: str | None = None) -> Run:
    """Return a new run, `age` seconds old."""
    at = NOW - timedelta(seconds=age)
    trigger = Trigger(
        key=key or f"message:{run_id}",
        goal="fix",
        person=ADA,
        place=Place(channel_id=2**62, message_id=5),
        text="rolling dice keeps crashing\x00, fix it \u2028 ☂",
        at=at,
    )
    return Run(id=run_id, goal="fix", trigger=trigger, created_at=at, updated_at=at)


def an_approval(person: Person = ADA, *, head: str = "f00d", how: How = "text") -> Approval:
    """Return somebody's word for a head of the run."""
    return Approval(run_id="abc123", proposal=1, head=head, person=person, at=NOW, how=how)


def a_diagnosis(headline: str) -> Diagnosis:
    """Return a diagnosis one can tell by its headline."""
    return Diagnosis(found=True, headline=headline, cause="off by one")


@pytest.fixture(params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Return an empty store."""
    if request.param == "fake":
        yield FakeStore()
        return
    if request.param == "postgres":
        async with SqlStore(open_schema(request), tmp_path) as real:
            yield real
        return
    async with SqliteStore(tmp_path / "state" / "theseus.sqlite3") as real:
        yield real


async def test_a_run_comes_back_as_it_was_created(store: Store) -> None:
    run = a_run()
    assert await store.create(run) == run
    assert await store.get(run.id) == run


async def test_the_same_trigger_twice_is_one_run(store: Store) -> None:
    first = await store.create(a_run("abc123", key="message:1"))
    assert await store.create(a_run("xyz789", key="message:1")) == first
    with pytest.raises(UnknownRun):
        await store.get("xyz789")


async def test_a_run_id_that_is_taken_conflicts(store: Store) -> None:
    await store.create(a_run("abc123", key="message:1"))
    with pytest.raises(StoreConflict, match="already in use"):
        await store.create(a_run("abc123", key="message:2"))


async def test_an_unknown_run_is_named(store: Store) -> None:
    for call in (store.get("nobody"), store.get_history("nobody"), store.save(a_run("nobody"))):
        with pytest.raises(UnknownRun, match="nobody"):
            await call


async def test_saving_moves_the_version_and_keeps_the_change(store: Store) -> None:
    run = await store.create(a_run())
    saved = await store.save(run.replace(stage=Stage.PLAN, activity="planning", thread_id=77))
    assert saved.version == run.version + 1
    assert saved.stage is Stage.PLAN
    assert await store.get(run.id) == saved


async def test_a_save_on_an_old_version_conflicts_and_writes_nothing(store: Store) -> None:
    run = await store.create(a_run())
    saved = await store.save(run.replace(activity="first"))
    with pytest.raises(StoreConflict):
        await store.save(run.replace(activity="second"), a_diagnosis("late"))
    assert await store.get(run.id) == saved
    assert (await store.get_history(run.id)).diagnosis is None


async def test_history_holds_the_newest_record_of_each_kind(store: Store) -> None:
    run = await store.create(a_run())
    run = await store.save(run, Evidence(base="c0ffee"), a_diagnosis("first"))
    run = await store.save(run, a_diagnosis("second"))
    history = await store.get_history(run.id)
    assert history.evidence == Evidence(base="c0ffee")
    assert history.diagnosis == a_diagnosis("second")
    assert history.plan is None
    other = await store.create(a_run("other"))
    known = {run.id: history, other.id: History()}
    assert await store.get_histories([run.id, other.id, "nobody"]) == known


async def test_a_record_appended_beside_a_run_disturbs_nobody_who_saves_it(store: Store) -> None:
    run = await store.create(a_run())
    await store.append(run.id, a_diagnosis("beside"))
    assert (await store.get_history(run.id)).diagnosis == a_diagnosis("beside")
    saved = await store.save(run.replace(activity="at work"))
    assert saved.version == run.version + 1
    with pytest.raises(StoreError, match="not a stage record"):
        await store.append(run.id, ADA)
    with pytest.raises(UnknownRun, match="nobody"):
        await store.append("nobody", a_diagnosis("beside"))


async def test_a_record_of_no_stage_is_refused_with_the_whole_save(store: Store) -> None:
    run = await store.create(a_run())
    with pytest.raises(StoreError, match="Person"):
        await store.save(run.replace(activity="working"), a_diagnosis("fine"), ADA)
    assert await store.get(run.id) == run
    assert (await store.get_history(run.id)).diagnosis is None


async def test_runs_are_found_newest_first(store: Store) -> None:
    for run_id, age in (("middle", 20), ("oldest", 30), ("newest", 10)):
        await store.create(a_run(run_id, age=age))
    assert [run.id for run in await store.find()] == ["newest", "middle", "oldest"]
    assert [run.id for run in await store.find(limit=1)] == ["newest"]


async def test_runs_are_found_by_status_and_thread(store: Store) -> None:
    done = await store.create(a_run("done01", age=2))
    done = await store.save(done.replace(status=Status.DONE, thread_id=11))
    waiting = await store.create(a_run("wait01", age=1))
    waiting = await store.save(
        waiting.replace(status=Status.WAITING, waiting=Waiting.THREAD, thread_id=12)
    )
    await store.create(a_run("queue1"))
    assert await store.find(status={Status.DONE, Status.WAITING}) == (waiting, done)
    assert await store.find(thread_id=11) == (done,)
    assert await store.find(status={Status.DONE}, thread_id=12) == ()
    assert await store.find(status=()) == ()
    found = await store.find_versions(status={Status.DONE, Status.WAITING})
    assert list(found.items()) == [(each.id, each.version) for each in (waiting, done)]
    assert list(await store.find_versions(status=[Status.DONE, Status.WAITING], limit=1)) == [
        waiting.id
    ]
    assert await store.find_versions(status=()) == {}


async def test_the_oldest_queued_run_is_leased_first(store: Store) -> None:
    await store.create(a_run("second", age=1))
    await store.create(a_run("first1", age=2))
    leased = await store.lease_next("worker", NOW)
    assert leased is not None
    assert (leased.id, leased.status, leased.lease_owner) == ("first1", Status.RUNNING, "worker")
    assert leased.lease_until == NOW
    assert await store.get("first1") == leased
    second = await store.lease_next("worker", NOW)
    assert second is not None
    assert second.id == "second"
    assert await store.lease_next("worker", NOW) is None


async def test_the_most_urgent_run_is_leased_first_and_none_beyond_the_lane(store: Store) -> None:
    await store.create(a_run("search", age=4))
    await store.create(a_run("asked1", age=3).replace(goal="investigate"))
    await store.create(a_run("ship02", age=1).replace(stage=Stage.SHIP))
    await store.create(a_run("ship01", age=2).replace(stage=Stage.SHIP))
    lanes = (Lane.SHIPPING, Lane.SEARCH, Lane.SHIPPING, Lane.QUICK, Lane.QUICK, Lane.SEARCH)
    leased = [await store.lease_next("worker", NOW, lane) for lane in lanes]
    ids = [run.id if run else None for run in leased]
    assert ids == ["ship01", "ship02", None, "asked1", None, "search"]


async def test_taking_a_lease_shuts_out_whoever_read_the_run_before(store: Store) -> None:
    queued = await store.create(a_run())
    await store.lease_next("worker", NOW)
    with pytest.raises(StoreConflict):
        await store.save(queued.replace(status=Status.CANCELLED))


async def test_only_its_owner_prolongs_a_lease(store: Store) -> None:
    await store.create(a_run())
    leased = await store.lease_next("worker", NOW)
    assert leased is not None
    later = NOW + timedelta(seconds=30)
    assert not await store.extend_lease(leased.id, "stranger", later)
    assert await store.extend_lease(leased.id, "worker", later)
    stored = await store.get(leased.id)
    assert (stored.lease_until, stored.version) == (later, leased.version)


async def test_saving_does_not_take_a_heartbeat_back(store: Store) -> None:
    await store.create(a_run())
    leased = await store.lease_next("worker", NOW)
    assert leased is not None
    later = NOW + timedelta(seconds=30)
    await store.extend_lease(leased.id, "worker", later)
    saved = await store.save(leased.replace(activity="still at it"))
    assert saved.lease_until == later
    assert (await store.get(leased.id)).lease_until == later


async def test_a_lease_given_back_is_over(store: Store) -> None:
    await store.create(a_run())
    leased = await store.lease_next("worker", NOW)
    assert leased is not None
    freed = leased.replace(
        status=Status.WAITING, waiting=Waiting.THREAD, lease_owner=None, lease_until=None
    )
    saved = await store.save(freed)
    assert (saved.lease_owner, saved.lease_until) == (None, None)
    assert not await store.extend_lease(saved.id, "worker", NOW)
    assert await store.lease_next("worker", NOW) is None


async def test_the_first_approval_of_a_head_stands(store: Store) -> None:
    await store.create(a_run())
    first, second = an_approval(), an_approval(Person(id=2, name="Bob"), how="button")
    assert await store.approve(first) == first
    assert await store.approve(second) == first
    assert await store.get_approval("abc123", "f00d") == first


async def test_an_approval_is_of_one_head_only(store: Store) -> None:
    await store.create(a_run())
    await store.approve(an_approval(head="f00d"))
    assert await store.get_approval("abc123", "beef") is None
    again = an_approval(head="beef", how="slash")
    assert await store.approve(again) == again


async def test_an_approval_needs_a_run(store: Store) -> None:
    with pytest.raises(UnknownRun):
        await store.approve(an_approval())
    assert await store.get_approval("abc123", "f00d") is None


async def test_the_audit_log_reads_newest_first(store: Store) -> None:
    entries = [
        AuditEntry(at=NOW, action="asked", allowed=True, person=ADA, run_id="abc123"),
        AuditEntry(at=NOW, action="refused", allowed=False, note="not on the list"),
        AuditEntry(at=NOW, action="approved", allowed=True, person=ADA, run_id="abc123"),
    ]
    for entry in entries:
        await store.append_audit_entry(entry)
    assert list(await store.list_audit_entries()) == entries[::-1]
    assert list(await store.list_audit_entries(run_id="abc123")) == [entries[2], entries[0]]
    assert list(await store.list_audit_entries(person_id=ADA.id)) == [entries[2], entries[0]]
    assert list(await store.list_audit_entries(since=NOW + timedelta(seconds=1))) == []
    assert list(await store.list_audit_entries(limit=1)) == [entries[2]]


async def test_the_audit_log_says_where_it_ends_and_that_it_holds(store: Store) -> None:
    assert (await store.verify_audit_log()).head.number == 0
    for number in range(3):
        await store.append_audit_entry(AuditEntry(at=NOW, action=f"step {number}", allowed=True))
    state = await store.verify_audit_log()
    assert (state.first, state.last, state.broken) == (1, 3, None)
    beyond = AuditHead(number=4, hash="of one that is gone", at=NOW)
    broken = (await store.verify_audit_log([state.head, beyond])).broken
    assert broken is not None
    assert (broken.number, broken.kind) == (4, "journal")


async def test_old_audit_entries_go_behind_one_that_says_so(store: Store) -> None:
    for day in range(4):
        at = NOW + timedelta(days=day)
        await store.append_audit_entry(AuditEntry(at=at, action=f"day {day}", allowed=True))
    now = NOW + timedelta(days=5)
    assert await store.forget_audit_entries(NOW + timedelta(days=2), now) == 2
    assert await store.forget_audit_entries(NOW + timedelta(days=2), now) == 0
    assert [e.action for e in await store.list_audit_entries()] == [
        "audit.checkpoint",
        "day 3",
        "day 2",
    ]
    state = await store.verify_audit_log()
    assert (state.first, state.last, state.broken) == (3, 5, None)


async def test_runs_that_ended_long_ago_go_with_all_they_recorded_and_others_stay(
    store: Store,
) -> None:
    old, live, young = a_run("aaa111", age=90), a_run("bbb222", age=90), a_run("abc123", age=10)
    for run in (old, live, young):
        await store.create(run)
        await store.append(run.id, a_diagnosis(run.id))
    for run in (old, young):
        await store.save(run.replace(status=Status.DONE))
    await store.append_audit_entry(
        AuditEntry(at=NOW, action="ship", allowed=True, person=ADA, run_id=old.id)
    )
    assert await store.forget_runs(NOW - timedelta(seconds=60)) == (old.id,)
    assert [run.id for run in await store.find()] == [young.id, live.id]
    with pytest.raises(UnknownRun):
        await store.get_history(old.id)
    assert (await store.get_history(live.id)).diagnosis == a_diagnosis(live.id)
    assert [entry.run_id for entry in await store.list_audit_entries()] == [old.id]
    assert await store.forget_runs(NOW - timedelta(seconds=60)) == ()


async def test_a_run_whose_trigger_was_forgotten_can_be_asked_for_anew(store: Store) -> None:
    await store.create(a_run(age=90))
    await store.save(a_run(age=90).replace(status=Status.CANCELLED))
    await store.forget_runs(NOW)
    assert (await store.create(a_run())).status is a_run().status
    assert await store.get_history("abc123") == History()

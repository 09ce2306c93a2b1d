"""Whatever is asked of them in whatever order, the store and its fake answer the same."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.sqlite_store import SqliteStore
from bot.domain.errors import TheseusError
from bot.domain.people import Person
from bot.domain.run import Lane, Status, Waiting
from bot.ports.store import Store
from tests.contracts.test_store_contract import NOW, a_diagnosis, a_run, an_approval
from tests.fakes.fake_store import FakeStore

Call = Callable[[Store], Awaitable[object]]

IDS = st.sampled_from(["abc123", "xyz789", "nobody"])
KEYS = st.sampled_from(["message:1", "message:2", "message:3"])
OWNERS = st.sampled_from(["one", "two"])
SECONDS = st.integers(min_value=-3, max_value=3)
STATUSES = st.sampled_from([Status.QUEUED, Status.RUNNING, Status.WAITING, Status.DONE])


def creating(run_id: str, key: str, age: int) -> Call:
    return lambda store: store.create(a_run(run_id, key=key, age=age))


def saving(run_id: str, stale: int, status: Status, owner: str | None) -> Call:
    async def call(store: Store) -> object:
        run = await store.get(run_id)
        until = None if owner is None else NOW
        waiting = Waiting.THREAD if status is Status.WAITING else None
        run = run.replace(status=status, waiting=waiting)
        changed = run.replace(version=max(run.version - stale, 0), lease_owner=owner)
        return await store.save(
            changed.replace(lease_until=until), a_diagnosis(f"{status} {owner}")
        )

    return call


def leasing(owner: str, seconds: int, lane: Lane) -> Call:
    return lambda store: store.lease_next(owner, NOW + timedelta(seconds=seconds), lane)


def extending(run_id: str, owner: str, seconds: int) -> Call:
    return lambda store: store.extend_lease(run_id, owner, NOW + timedelta(seconds=seconds))


def approving(head: str, person: int) -> Call:
    return lambda store: store.approve(an_approval(Person(id=person, name="P"), head=head))


CALLS = st.one_of(
    st.builds(creating, IDS.filter(lambda run_id: run_id != "nobody"), KEYS, SECONDS),
    st.builds(saving, IDS, st.sampled_from([0, 0, 0, 1]), STATUSES, st.none() | OWNERS),
    st.builds(leasing, OWNERS, SECONDS, st.sampled_from(Lane)),
    st.builds(extending, IDS, OWNERS, SECONDS),
    st.builds(approving, st.sampled_from(["f00d", "beef"]), st.integers(1, 3)),
)


async def answer(store: Store, call: Call) -> object:
    """Return what the call returns, or the kind of error it raises."""
    try:
        return await call(store)
    except TheseusError as error:
        return type(error)


async def everything(store: Store) -> list[object]:
    """Return all that can be seen of the runs."""
    runs = await store.find()
    histories = [await store.get_history(run.id) for run in runs]
    return [*sorted(runs, key=lambda run: run.id), *histories]


async def compare(calls: list[Call]) -> None:
    with TemporaryDirectory() as folder:
        async with SqliteStore(Path(folder) / "theseus.sqlite3") as real:
            fake = FakeStore()
            for call in calls:
                assert await answer(real, call) == await answer(fake, call)
            assert await everything(real) == await everything(fake)


@settings(max_examples=40, deadline=None)
@given(st.lists(CALLS, max_size=15))
def test_the_store_and_its_fake_answer_the_same(calls: list[Call]) -> None:
    asyncio.run(compare(calls))

"""What everything that keeps backups promises, on the fake and on files."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.state_backups import StateBackups
from bot.domain.backup import Backup, find_superfluous
from bot.ports.backups import BackupStore
from tests.fakes.fake_backups import FakeBackups
from tests.fakes.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["fake", "files"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> BackupStore:
    """Return a store without backups, of a state with one file."""
    if request.param == "fake":
        return FakeBackups(clock)
    state = tmp_path / "state"
    state.mkdir()
    (state / "polls.json").write_text("{}")
    return StateBackups(state, state / "backups", clock)


async def test_what_was_made_is_listed_the_newest_first(
    store: BackupStore, clock: FakeClock
) -> None:
    assert await store.list_backups() == ()
    first = await store.take()
    await clock.advance(60)
    second = await store.take()
    assert await store.list_backups() == (second, first)
    assert second.made_at - first.made_at == timedelta(minutes=1)
    assert second.size > 0


async def test_two_of_one_second_are_two(store: BackupStore) -> None:
    assert (await store.take()).file != (await store.take()).file
    assert len(await store.list_backups()) == 2


async def test_the_newest_are_kept_and_the_newest_of_a_week(
    store: BackupStore, clock: FakeClock
) -> None:
    made: list[Backup] = []
    for _ in range(20):
        made.append(await store.take())
        await clock.advance(86_400)
    gone = find_superfluous(made, 3, 3)
    assert await store.prune(3, 3) == len(gone)
    left = await store.list_backups()
    assert set(left) == set(made) - set(gone)
    assert set(made[-3:]) <= set(left)
    weeks = {each.made_at.isocalendar()[:2] for each in left}
    assert len(weeks) == 3
    assert await store.prune(3, 3) == 0
    assert await store.prune(1, 0) == len(left) - 1
    assert await store.list_backups() == (made[-1],)

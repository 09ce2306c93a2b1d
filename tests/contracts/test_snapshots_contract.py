"""What every store of snapshots promises, on the fake and on files."""

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.file_snapshots import FileSnapshots
from bot.domain.errors import StoreError
from bot.domain.personal_data import DataSubject
from bot.ports.traffic import SnapshotStore
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_traffic import FakeSnapshots

LARGEST = 64 * 1024
PRINT = "a1b2c3"
Put = Callable[[str, bytes], None]


class Opened:
    """A store, the clock it goes by, and how a cog writes a file."""

    def __init__(self, store: SnapshotStore, clock: FakeClock, put: Put) -> None:
        self.store = store
        self.clock = clock
        self.put = put


@pytest.fixture(params=["fake", "files"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Return a store without snapshots, over a folder without files."""
    clock = FakeClock()
    if request.param == "fake":
        fake = FakeSnapshots(clock, largest=LARGEST)
        yield Opened(fake, clock, fake.state.__setitem__)
        return
    state = tmp_path / "state"
    state.mkdir()

    def put(name: str, content: bytes) -> None:
        (state / name).parent.mkdir(exist_ok=True)
        (state / name).write_bytes(content)

    real = FileSnapshots(state / "traffic" / "snapshots", state, clock, largest=LARGEST)
    yield Opened(real, clock, put)


async def test_the_cogs_own_files_are_copied_and_no_others(opened: Opened) -> None:
    for name in ("polls.json", "polls-old.txt", "pollsters.txt", "reminders.txt"):
        opened.put(name, name.encode())
    taken = await opened.store.take("polls", PRINT, "failure1")
    assert taken is not None
    assert taken.files == ("polls-old.txt", "polls.json")
    opened.put("polls.json", b"changed since")
    assert await opened.store.read_files(taken) == {
        "polls-old.txt": b"polls-old.txt",
        "polls.json": b"polls.json",
    }
    assert list(await opened.store.list_for_failure(PRINT)) == [taken]
    assert list(await opened.store.list_for_failure("another")) == []


async def test_a_cog_without_files_leaves_none(opened: Opened) -> None:
    opened.put("reminders.txt", b"")
    assert await opened.store.take("polls", PRINT, "failure1") is None
    assert await opened.store.take("", PRINT, "failure1") is None
    assert list(await opened.store.list_for_failure(PRINT)) == []


async def test_what_is_too_large_is_named_and_left_out(opened: Opened) -> None:
    opened.put("polls.json", b"small")
    opened.put("polls.big", bytes(LARGEST + 1))
    taken = await opened.store.take("polls", PRINT, "failure1")
    assert taken is not None
    assert (taken.files, taken.left_out) == (("polls.json",), ("polls.big",))


async def test_what_is_old_is_removed(opened: Opened) -> None:
    opened.put("polls.json", b"small")
    first = await opened.store.take("polls", PRINT, "failure1")
    await opened.clock.advance(3_600)
    second = await opened.store.take("polls", PRINT, "failure2")
    assert first is not None
    assert list(await opened.store.list_for_failure(PRINT)) == [second, first]
    assert await opened.store.forget(START + timedelta(minutes=30)) == 1
    assert list(await opened.store.list_for_failure(PRINT)) == [second]
    assert await opened.store.read_files(first) == {}


# ---------------------------------------------------------------------------------- on files alone


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path


def snapshots(state: Path, clock: FakeClock) -> FileSnapshots:
    return FileSnapshots(state / "traffic" / "snapshots", state, clock)


async def test_a_database_is_copied_as_of_one_moment_while_it_is_written(state: Path) -> None:
    store = snapshots(state, FakeClock())
    with closing(sqlite3.connect(state / "polls.sqlite3", isolation_level=None)) as cog:
        cog.execute("PRAGMA journal_mode = WAL")
        cog.execute("CREATE TABLE vote (choice TEXT)")
        cog.execute("INSERT INTO vote VALUES ('pizza')")
        cog.execute("BEGIN")
        cog.execute("INSERT INTO vote VALUES ('half of a change')")
        taken = await store.take("polls", PRINT, "failure1")
        cog.execute("COMMIT")
    assert taken is not None
    assert taken.files == ("polls.sqlite3",)
    (state / "copy").write_bytes((await store.read_files(taken))["polls.sqlite3"])
    with closing(sqlite3.connect(state / "copy")) as copy:
        assert copy.execute("SELECT choice FROM vote").fetchall() == [("pizza",)]


async def test_nobody_else_can_read_them(state: Path) -> None:
    (state / "polls").mkdir()
    (state / "polls" / "one.txt").write_text("x")
    sqlite3.connect(state / "polls.sqlite3").execute("CREATE TABLE a (b)").connection.close()
    taken = await snapshots(state, FakeClock()).take("polls", PRINT, "failure1")
    assert taken is not None
    assert taken.files == ("polls.sqlite3", "polls/one.txt")
    found = list((state / "traffic" / "snapshots").rglob("*"))
    rights = {(each.is_dir(), stat.S_IMODE(each.stat().st_mode)) for each in found}
    assert rights == {(True, 0o700), (False, 0o600)}


async def test_a_few_of_each_failure_are_kept_and_one_a_minute_is_taken(state: Path) -> None:
    clock = FakeClock()
    store = snapshots(state, clock)
    (state / "polls.json").write_text("{}")
    for number in range(12):
        await store.take("polls", PRINT, f"failure{number:02}")
        await clock.advance(30)
    assert [each.failure_id for each in await store.list_for_failure(PRINT)] == [
        "failure10",
        "failure08",
        "failure06",
    ]


async def test_links_lead_nowhere_and_names_cannot_climb(state: Path) -> None:
    (state / "pseudonyms.key").write_text("secret")
    (state / "polls.txt").symlink_to(state / "pseudonyms.key")
    store = snapshots(state, FakeClock())
    assert await store.take("polls", PRINT, "failure1") is None
    with pytest.raises(StoreError):
        await store.take("polls", "../../x", "failure1")
    assert list(await store.list_for_failure("../..")) == []


async def test_those_of_somebodys_failures_and_those_that_hold_their_id_are_theirs(
    opened: Opened, tmp_path: Path
) -> None:
    ada = DataSubject(id=1_234_567_890_123_456_789, pseudonym="u-ada")
    with closing(sqlite3.connect(tmp_path / "made.sqlite3")) as made:
        made.execute("CREATE TABLE votes (who INTEGER)")
        made.execute("INSERT INTO votes VALUES (?)", (ada.id,))
        made.commit()
    contents = (
        ("polls", b"nobody", "f1"),
        ("quotes", b'{"by": "1234567890123456789"}', "f2"),
        ("reminders", (tmp_path / "made.sqlite3").read_bytes(), "f3"),
        ("dice", b'{"by": "1234567890123456"}', "f4"),
    )
    taken = []
    for number, (cog, content, failure) in enumerate(contents):
        opened.put(f"{cog}.data", content)
        taken.append(await opened.store.take(cog, f"print{number}", failure))
    found = await opened.store.list_for_person(ada, {"f1", "f9"})
    assert {each.failure_id for each in found} == {"f1", "f2", "f3"}
    for _ in range(2):
        await opened.store.remove(found)
    assert await opened.store.list_for_person(ada, {"f1"}) == []
    assert len(await opened.store.list_for_failure("print3")) == 1

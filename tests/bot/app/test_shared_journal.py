"""Machines that share a folder read what each of them has written into the journal."""

from pathlib import Path

from structlog.testing import capture_logs

from bot.app.state_stores import StateStores
from bot.domain.journal import Action, JournalQuery
from bot.domain.postgres_place import PostgresPlace
from tests.contracts.test_journal_contract import NOW, an_action

PLACE = PostgresPlace.parse("postgresql://theseus@db.example.org/theseus")
DAY = 86_400


def build_stores(folder: Path, machine: str) -> StateStores:
    state = folder / machine
    state.mkdir()
    return StateStores(state, PLACE, shared=folder / "shared")


async def record(stores: StateStores, action: Action) -> Action:
    async with stores.build_journal() as journal:
        journal.append(action)
    return action


async def test_the_next_leader_reads_what_the_former_one_wrote(tmp_path: Path) -> None:
    first, second = (build_stores(tmp_path, name) for name in ("first", "second"))
    failed = await record(first, an_action(fingerprint="f00d"))
    async with second.build_journal() as journal:
        assert await journal.get(failed.id) == failed
        poll = an_action("poll", after=0.5)
        journal.append(poll)
        late = await record(first, an_action(after=1))
        assert list(await journal.read(JournalQuery())) == [failed, poll, late]
    assert len(list((tmp_path / "shared/journal").iterdir())) == 2


async def test_the_first_file_of_another_machine_is_followed_whatever_its_name(
    tmp_path: Path,
) -> None:
    machines = [build_stores(tmp_path, name) for name in ("first", "second", "third", "fourth")]
    async with machines[0].build_journal() as journal:
        await record(machines[0], an_action())
        cursor = (await journal.follow(None)).cursor
        others = [await record(each, an_action(after=1)) for each in machines]
        followed = await journal.follow(cursor)
        assert {each.id for each in followed.samples} == {each.id for each in others}
        assert (await journal.follow(followed.cursor)).samples == ()


async def test_a_journal_that_a_machine_had_alone_is_moved_once(tmp_path: Path) -> None:
    shared, other = build_stores(tmp_path, "first"), build_stores(tmp_path, "second")
    alone = StateStores(tmp_path / "first", None)
    kept = await record(alone, an_action(fingerprint="f00d"))
    alone.share_journal()
    assert len(list(alone.journal_folder.iterdir())) == 1
    shared.share_journal()
    shared.share_journal()
    assert list(alone.journal_folder.iterdir()) == []
    async with other.build_journal() as journal:
        assert list(await journal.read(JournalQuery())) == [kept]


async def test_a_file_of_a_day_that_the_folder_has_stays_and_is_reported(tmp_path: Path) -> None:
    shared, alone = build_stores(tmp_path, "first"), StateStores(tmp_path / "first", None)
    kept = await record(shared, an_action())
    await record(alone, an_action(after=0.5))
    earlier = await record(alone, an_action(after=-DAY))
    with capture_logs() as logged:
        shared.share_journal()
    (warning,) = logged
    assert warning["log_level"] == "warning"
    assert [each.name for each in alone.journal_folder.iterdir()] == [f"{NOW.date()}.ndjson"]
    async with shared.build_journal() as journal:
        assert list(await journal.read(JournalQuery())) == [earlier, kept]

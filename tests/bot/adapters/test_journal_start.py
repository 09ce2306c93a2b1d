"""A start with a large journal: newest lines first, and complete answers throughout."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.ndjson_journal._files import Portions
from bot.adapters.ndjson_journal._index import MIGRATIONS, catch_up, load_covered
from bot.adapters.ndjson_journal._line import Lines
from bot.adapters.ndjson_journal._queries import find_matching, find_one, list_failures
from bot.domain.ids import shorten_id
from bot.domain.journal import Action, ActionOutcome, JournalQuery
from tests.contracts.test_journal_contract import NOW, an_action
from tests.fakes.fake_journal import FakeJournal

DAYS = 5
EVERY = 600  # seconds
SMALL = Portions(chunk=8_000, full=20_000, near=2_000)


@pytest.fixture
def index() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    for migration in MIGRATIONS:
        for statement in migration.statements:
            connection.execute(statement)
    yield connection
    connection.close()


def written(folder: Path, days: int = DAYS) -> list[Action]:
    """Write a record each ten minutes, every seventh a failure; return them, oldest first."""
    lines, actions = Lines(str), []
    folder.mkdir(parents=True)
    for number in range(1 - days * 86_400 // EVERY, 0):
        faults = f"fault{number % 3}" if number % 7 == 0 else None
        action = an_action(f"cmd{number % 4}", after=number * EVERY, fingerprint=faults)
        action = action.replace(channel_id=40 + number % 5)
        actions.append(action)
        with (folder / f"{action.ts.date()}.ndjson").open("ab") as file:
            file.write(lines.format_line(action))
    return actions


QUERIES = (
    JournalQuery(limit=10),
    JournalQuery(event="command.cmd1", limit=40),
    JournalQuery(fingerprint="fault1", since=NOW - timedelta(days=3)),
    JournalQuery(outcome=ActionOutcome.ERROR, until=NOW - timedelta(days=2), limit=9),
    JournalQuery(channel_id=42, since=NOW - timedelta(days=4), until=NOW - timedelta(days=1)),
    JournalQuery(event="command.unknown"),
)


async def check(index: sqlite3.Connection, folder: Path, actions: Sequence[Action]) -> None:
    """Check that this index gives the same answers as a journal in memory."""
    fake = FakeJournal(actions)
    for query in QUERIES:
        assert find_matching(index, folder, query, SMALL) == list(await fake.read(query))
    for days in (1, 30):
        since = NOW - timedelta(days=days)
        assert list_failures(index, folder, since, 50, SMALL) == list(
            await fake.list_failures(since=since)
        )
    assert list_failures(index, folder, NOW - timedelta(days=30), 1)[0].count > 10
    for action in (actions[3], actions[-3]):
        assert find_one(index, folder, action.id, SMALL) == action
        assert find_one(index, folder, shorten_id(action.id), SMALL) == action
    assert find_one(index, folder, "nothing!", SMALL) is None


async def test_answers_are_whole_however_much_is_indexed(
    tmp_path: Path, index: sqlite3.Connection
) -> None:
    folder = tmp_path / "journal"
    actions = written(folder)
    steps, more = 0, True
    while more:
        if steps % 9 == 0:
            await check(index, folder, actions)
        more = catch_up(index, folder, portions=SMALL).more
        steps += 1
    assert steps > 30
    await check(index, folder, actions)
    assert index.execute("SELECT count(*) FROM records").fetchone()[0] == len(actions)
    assert {file.low for file in load_covered(index).values()} == {0}


async def test_the_newest_lines_are_indexed_first(
    tmp_path: Path, index: sqlite3.Connection
) -> None:
    actions = written(tmp_path / "journal")
    seen = 0
    while catch_up(index, tmp_path / "journal", portions=SMALL).more:
        count, oldest = index.execute("SELECT count(*), min(id) FROM records").fetchone()
        assert seen < count <= len(actions)
        assert oldest == actions[-count].id
        seen = count


async def test_lines_added_meanwhile_come_before_older_ones(
    tmp_path: Path, index: sqlite3.Connection
) -> None:
    folder = tmp_path / "journal"
    actions = written(folder)
    catch_up(index, folder, portions=SMALL)
    late = an_action("late")
    with (folder / f"{NOW.date()}.ndjson").open("ab") as file:
        file.write(Lines(str).format_line(late))
    catch_up(index, folder, older=False, portions=SMALL)
    assert index.execute("SELECT max(id) FROM records").fetchone()[0] == late.id
    assert not catch_up(index, folder, older=False, portions=SMALL).more
    await check(index, folder, [*actions, late])


async def test_a_file_that_is_cut_while_half_of_it_is_indexed_is_read_anew(
    tmp_path: Path, index: sqlite3.Connection
) -> None:
    folder = tmp_path / "journal"
    actions = written(folder)
    for _ in range(3):
        catch_up(index, folder, portions=SMALL)
    newest = folder / f"{NOW.date()}.ndjson"
    lines = newest.read_bytes().splitlines(keepends=True)
    newest.write_bytes(b"".join(lines[:-5]))
    await check_after(index, folder, actions[:-5])


async def check_after(index: sqlite3.Connection, folder: Path, actions: Sequence[Action]) -> None:
    while catch_up(index, folder, older=False, portions=SMALL).more:
        pass
    await check(index, folder, actions)


def test_a_question_about_today_reads_no_older_file(
    tmp_path: Path, index: sqlite3.Connection
) -> None:
    folder = tmp_path / "journal"
    actions = written(folder)
    for file in folder.iterdir():
        if file.stem != "2026-11-21":
            file.unlink()
            file.mkdir()  # whoever reads it fails
            (file / ("x" * 200)).touch()
    assert list_failures(index, folder, NOW - timedelta(hours=6), 50, SMALL)
    newest = JournalQuery(limit=20)
    assert find_matching(index, folder, newest, SMALL) == actions[-20:]
    assert find_one(index, folder, actions[-9].id, SMALL) == actions[-9]
    with pytest.raises(IsADirectoryError):
        list_failures(index, folder, NOW - timedelta(hours=30), 50, SMALL)


async def test_a_month_without_an_index_is_answered_at_once_and_indexed_behind(
    tmp_path: Path,
) -> None:
    folder, line = tmp_path / "journal", Lines(str).format_line(an_action("roll")).decode()
    folder.mkdir()
    for day in range(1, 31):
        stamp, text = f"2026-10-{day:02}", []
        for number in range(667):
            at = f"{stamp}T{number // 60:02}:{number % 60:02}:00.000000"
            text.append(line.replace("2026-11-21T23:59:58.123456", at))
        (folder / f"{stamp}.ndjson").write_text("".join(text))
    async with NdjsonJournal(tmp_path, redact=str) as journal:
        newest = await journal.read(JournalQuery(limit=3))
        assert [str(action.ts)[:16] for action in newest][-1] == "2026-10-30 11:06"
        assert await journal.find_damage() == ()  # waits for the complete index
        with sqlite3.connect(tmp_path / "journal.sqlite3") as index:
            assert index.execute("SELECT count(*) FROM records").fetchone()[0] == 30 * 667
    index.close()

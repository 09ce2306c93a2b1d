"""Following the day files by a cursor: torn lines, cut and replaced files, days, others' lines."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.ndjson_journal._files import Portions
from bot.adapters.ndjson_journal._line import Lines
from bot.adapters.ndjson_journal._spans import iterate_lines, list_spans
from tests.contracts.test_journal_contract import NOW, an_action

TODAY = "2026-11-21.ndjson"
TOMORROW = "2026-11-22.ndjson"


class Files:
    """Day files written by another process, and a journal that follows them."""

    def __init__(self, state: Path) -> None:
        self.folder = state / "journal"
        self.folder.mkdir(parents=True)
        self.journal = NdjsonJournal(state, redact=str)  # not open: following needs no index
        self.cursor: str | None = None

    def write(self, text: bytes, file: str = TODAY) -> None:
        with (self.folder / file).open("ab") as open_file:
            open_file.write(text)

    async def news(self) -> list[str]:
        """Return the names that came since the last look."""
        followed = await self.journal.follow(self.cursor)
        self.cursor = followed.cursor
        return [sample.event.removeprefix("command.") for sample in followed.samples]


def line(name: str, *, after: float = 0) -> bytes:
    """Return the line of a record."""
    return Lines(str).format_line(an_action(name, after=after))


@pytest.fixture
async def files(tmp_path: Path) -> Files:
    found = Files(tmp_path / "state")
    found.write(line("old"))
    await found.news()
    return found


async def test_a_torn_last_line_waits_until_it_is_whole(files: Files) -> None:
    text = line("torn")
    files.write(text[:40])
    assert await files.news() == []
    files.write(text[40:])
    assert await files.news() == ["torn"]


async def test_a_torn_line_at_the_beginning_is_seen_once_it_is_whole(tmp_path: Path) -> None:
    files = Files(tmp_path / "state")
    text = line("torn")
    files.write(line("old") + text[:40])
    assert await files.news() == []
    files.write(text[40:])
    assert await files.news() == ["torn"]


async def test_broken_lines_are_skipped_and_a_sealed_one_spoils_nothing_else(files: Files) -> None:
    files.write(b"null\n{}\n\xff\xfe\n" + b"[" * 9_000 + b"\n" + line("torn")[:40])
    assert await files.news() == []
    files.write(b"\n" + line("after"))
    assert await files.news() == ["after"]


async def test_a_whole_record_without_its_newline_is_given_once(files: Files) -> None:
    files.write(line("bare").rstrip())
    assert await files.news() == ["bare"]
    files.write(b"\n" + line("next"))
    assert await files.news() == ["next"]


async def test_the_next_day_follows_and_a_late_record_of_yesterday_is_seen(files: Files) -> None:
    files.write(line("evening"))
    files.write(line("morning"), TOMORROW)
    assert await files.news() == ["evening", "morning"]
    files.write(line("late"))
    files.write(line("noon"), TOMORROW)
    assert await files.news() == ["late", "noon"]
    assert await files.news() == []


async def test_it_goes_on_with_the_next_file_when_the_one_it_read_is_gone(files: Files) -> None:
    (files.folder / TODAY).unlink()
    assert await files.news() == []
    files.write(line("morning"), TOMORROW)
    assert await files.news() == ["morning"]


async def test_a_file_that_was_cut_goes_on_at_its_end_and_nothing_is_given_twice(
    files: Files,
) -> None:
    files.write(line("one") + line("two"))
    assert await files.news() == ["one", "two"]
    path = files.folder / TODAY
    path.write_bytes(path.read_bytes()[:-60])
    assert await files.news() == []
    files.write(b"\n" + line("new"))
    assert await files.news() == ["new"]


async def test_a_file_that_was_replaced_is_read_from_its_start(files: Files) -> None:
    (files.folder / TODAY).write_bytes(line("other") + line("another"))
    assert await files.news() == ["other", "another"]
    (files.folder / TODAY).write_bytes(b"")
    assert await files.news() == []
    files.write(line("anew"))
    assert await files.news() == ["anew"]


async def test_a_cursor_of_an_empty_journal_sees_the_first_record(tmp_path: Path) -> None:
    files = Files(tmp_path / "state")
    assert await files.news() == []
    assert files.cursor
    files.write(line("first"))
    assert await files.news() == ["first"]


async def test_of_a_large_file_only_the_part_of_the_time_is_read(
    tmp_path: Path,
) -> None:
    small = Portions(full=10_000, near=2_000)
    files = Files(tmp_path / "state")
    day = -23 * 3600
    for minute in range(1_200):
        files.write(line(str(minute), after=day + 60 * minute))
    since, until = (NOW + timedelta(seconds=day + 60 * minute) for minute in (600, 660))
    (span,) = list_spans(files.folder, since, until, small)
    read = list(iterate_lines(span))
    assert 180 <= len(read) <= 220  # an hour more before and after, for what is out of order
    found = await files.journal.list_samples(since=since, until=until)
    assert [sample.event for sample in found] == [f"command.{n}" for n in range(600, 661)]
    assert len(list(iterate_lines(list_spans(files.folder, None, until, small)[0]))) < 740
    assert len(list(iterate_lines(list_spans(files.folder, since, None, small)[0]))) < 680

"""Erasing a person from the day files: with other writers, after a crash, permanently."""

import asyncio
from pathlib import Path

from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.ndjson_journal._erasure import erase, find_marked
from bot.adapters.ndjson_journal._files import list_sizes
from bot.domain.journal import JournalQuery
from bot.domain.personal_data import DataSubject
from tests.contracts.test_journal_contract import NOW, an_action, of

ADA = DataSubject(id=4711_0000_0000, pseudonym="u-0a1b2c3d4e5f")
DAY = "2026-11-21.ndjson"
ALL = JournalQuery(limit=1_000)


def written(state: Path) -> bytes:
    return (state / "journal" / DAY).read_bytes()


async def test_nothing_of_them_is_left_in_the_file_and_every_other_line_keeps_its_place(
    tmp_path: Path,
) -> None:
    hers = of(ADA.pseudonym, -5)
    assert hers.error is not None
    said = hers.replace(error=hers.error.replace(inputs={"dice": "'her own words'"}))
    async with NdjsonJournal(tmp_path, redact=redact) as journal:
        for each in (said, of("u-bob", -4), hers.replace(id="0" * 26), of("u-bob", -3)):
            journal.append(each)
        before = written(tmp_path).splitlines()
        assert await journal.erase(ADA) == 2
        after = written(tmp_path).splitlines()
        assert [len(line) for line in after] == [len(line) for line in before]
        assert (after[1], after[3]) == (before[1], before[3])
        assert all(mark.encode() not in written(tmp_path) for mark in (*ADA.marks, "her own words"))
        assert await journal.find_damage() == ()
    (tmp_path / "journal.sqlite3").unlink()
    async with NdjsonJournal(tmp_path, redact=redact) as made_anew:
        assert [each.user for each in await made_anew.read(ALL)] == ["u-bob", "u-bob"]
        assert await made_anew.find_damage() == ()


async def test_what_others_write_meanwhile_is_all_there(tmp_path: Path) -> None:
    async with (
        NdjsonJournal(tmp_path, redact=redact) as journal,
        NdjsonJournal(tmp_path, redact=redact) as other,
    ):
        for number in range(200):
            journal.append(of(ADA.pseudonym if number % 2 else "u-bob", -5))
        erasing = asyncio.create_task(journal.erase(ADA))
        for _ in range(500):
            other.append(an_action())
            await asyncio.sleep(0)
        assert await erasing == 100
        count = written(tmp_path).count(b"\n")
        assert len(await other.read(ALL)) == len(await journal.read(ALL)) == count - 100


async def test_what_a_crash_interrupts_is_done_by_asking_again(tmp_path: Path) -> None:
    async with NdjsonJournal(tmp_path, redact=redact) as journal:
        for after in range(4):
            journal.append(of(ADA.pseudonym, -after))
        (group,) = await journal.list_failures(since=NOW.replace(hour=0))
        assert group.count == 4
        first, *_ = find_marked(tmp_path / "journal", ADA.marks)
        erase([first])  # and killed, before the index knew
        assert await journal.erase(ADA) == 3
        assert await journal.list_failures(since=NOW.replace(hour=0)) == []
        assert await journal.read(ALL) == []


async def test_a_torn_line_of_theirs_is_emptied_too(tmp_path: Path) -> None:
    async with NdjsonJournal(tmp_path, redact=redact) as journal:
        journal.append(of(ADA.pseudonym, -5))
        whole = written(tmp_path)
    (tmp_path / "journal.sqlite3").unlink()
    (tmp_path / "journal" / DAY).write_bytes(whole[:-40] + b"\n" + whole)
    async with NdjsonJournal(tmp_path, redact=redact) as journal:
        assert len(await journal.find_damage()) == 1
        assert await journal.erase(ADA) == 1
        assert ADA.pseudonym.encode() not in written(tmp_path)
        assert list_sizes(tmp_path / "journal") == {DAY: 2 * len(whole) - 39}
        assert await journal.find_damage() == ()

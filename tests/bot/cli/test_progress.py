"""Progress: a bar on a terminal, occasional lines elsewhere, nothing for short work."""

from io import StringIO
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from rich.console import Console
from theseus_observe.redaction import redact
from theseus_rehearsal.cli.runs import CountedRehearsal, count_runs, rehearse_commits
from theseus_rehearsal.records import Script, WaitStep

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.cli.progress import LINE_SECONDS, show_progress
from bot.domain.audit import AuditEntry
from tests.fakes.fake_clock import START, FakeClock
from tests.support.agent_harness import make_failure


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end() -> None:
    file = StringIO()
    console = Console(file=file, force_terminal=True, width=100, _environ={"TERM": "xterm"})
    with show_progress("plays", console=console) as on_progress:
        on_progress(3, 12, "dice")
    assert "3 of 12, dice" in file.getvalue()
    assert file.getvalue().endswith("\x1b[2K")


async def test_elsewhere_a_line_comes_only_after_a_while() -> None:
    clock, said = FakeClock(), list[str]()
    console = Console(file=StringIO())
    with show_progress(
        "plays", console=console, monotonic=clock.monotonic, say=said.append
    ) as tell:
        tell(1, 12)
        await clock.advance(LINE_SECONDS)
        tell(2_000, None)
        tell(2_001, None)
        await clock.advance(LINE_SECONDS)
        tell(3, 12, "dice")
    assert said == ["plays: 2,000", "plays: 3 of 12, dice"]


@pytest.mark.parametrize(("trees", "repeat"), [(1, 1), (1, 5), (2, 1), (2, 4)])
async def test_as_many_plays_are_told_of_as_there_are(trees: int, repeat: int) -> None:
    told: list[tuple[int, int | None]] = []

    def tell(done: int, total: int | None, doing: str = "") -> None:
        told.append((done, total))

    rehearsal = CountedRehearsal(FakeRehearsal(), tell, count_runs(trees, repeat))
    folders = [(f"{number}" * 40, Path(f"/{number}")) for number in range(trees)]
    await rehearse_commits(rehearsal, Script(steps=(WaitStep(wait=60),)), folders, repeat)
    assert told[0] == (0, count_runs(trees, repeat))
    assert told[-1] == (count_runs(trees, repeat),) * 2


async def test_the_audit_log_tells_how_far_its_check_is(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    async with SqliteStore(tmp_path / "theseus.sqlite3") as store:
        for _ in range(3):
            await store.append_audit_entry(AuditEntry(at=START, action="ask", allowed=True))
        await store.verify_audit_log(on_progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]


async def test_the_index_tells_how_much_of_the_journal_is_in_it(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    async with NdjsonJournal(tmp_path, redact=redact) as journal:
        journal.append(make_failure(FakeClock()))
    (tmp_path / "journal.sqlite3").unlink()
    async with NdjsonJournal(tmp_path, redact=redact) as journal:
        assert await journal.find_damage(lambda done, total: told.append((done, total))) == ()
    size = sum(file.stat().st_size for file in (tmp_path / "journal").iterdir())
    assert set(told) == {(size, size)}

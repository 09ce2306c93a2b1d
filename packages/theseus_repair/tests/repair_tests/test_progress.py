"""The progress line of a repair: only on a terminal, and never with JSON."""

from io import StringIO

import pytest
from repair_tests.fake_clock import FakeClock
from rich.console import Console
from theseus_repair.model import Candidate, Judgement, RepairAttempt, SourceEdit
from theseus_repair.progress import FoundSoFar, RepairProgress, format_interruption, format_progress
from theseus_repair.search import SearchProgress

EDIT = Candidate((SourceEdit("a.py", 0, 1, "x"),), "comparison", "compare with `<=`", 1.0, 7)


def reached(tried: int, green: int) -> SearchProgress:
    return SearchProgress(tried, 1200, RepairAttempt(EDIT, Judgement(green > 0), tried), green)


async def test_a_terminal_gets_one_line_with_the_seconds_left_that_is_gone_at_the_end() -> None:
    clock, file = FakeClock(), StringIO()
    console = Console(file=file, force_terminal=True, width=90, _environ={"TERM": "xterm"})
    line = RepairProgress(60, visible=True, console=console, monotonic=clock.monotonic)
    line.show()
    try:
        assert "running the tests as they are, 60 s left at most" in file.getvalue()
        clock.tick(18)
        line(reached(34, 1))
    finally:
        line.hide()
    assert "34 of 1,200 edits tried, 1 makes the tests pass, 42 s left at most" in file.getvalue()
    assert file.getvalue().endswith("\x1b[2K")


@pytest.mark.parametrize(("shown", "terminal"), [(False, True), (True, False)])
def test_elsewhere_and_beside_json_nothing_is_said(shown: bool, terminal: bool) -> None:
    file = StringIO()
    line = RepairProgress(60, visible=shown, console=Console(file=file, force_terminal=terminal))
    line.show()
    line(reached(34, 1))
    line.hide()
    assert file.getvalue() == ""


def test_what_is_not_green_is_not_counted_so() -> None:
    assert format_progress(reached(7, 0)) == "7 of 1,200 edits tried"


def test_who_ends_it_reads_what_was_found_by_then() -> None:
    found = FoundSoFar().add(reached(7, 0))
    assert format_interruption(found) == (
        "Interrupted: 7 of 1,200 edits tried. No file was changed."
    )
    assert format_interruption(found.add(reached(34, 1)).add(reached(35, 0))) == (
        "Interrupted: 35 of 1,200 edits tried. Best passing edit, not confirmed: compare "
        "with `<=` (a.py:7). No file was changed."
    )

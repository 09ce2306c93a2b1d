"""A repair ends within its time, whatever does not, with what was found by then."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from repair_tests.one_module import PATH, OneModule
from theseus_repair.calls import RecordedCall
from theseus_repair.clock import MachineClock
from theseus_repair.conclusion import UNCOMPARED_DOUBT
from theseus_repair.engine import repair_tree
from theseus_repair.explain import explain
from theseus_repair.model import SearchReport, Texts
from theseus_repair.request import RepairRequest
from theseus_repair.runner import FunctionPlace, Lines, RunResult, TimeLimits

TEXT = "def area(width, height):\n    return width + height\n"
TESTS = {"failing": "assert area(4, 3) == 12", "passing": "assert area(2, 2) == 4"}


@dataclass
class Endless(OneModule):
    """A runner for which one kind of call never ends."""

    what: Literal["first", "anew", "calls"] = "first"

    async def run(
        self,
        tests: Sequence[str],
        overlay: Texts,
        limits: TimeLimits,
        *,
        coverage: bool | Lines = False,
        stop_at_first: bool = False,
        modules: bool = False,
        fresh: bool = False,
    ) -> RunResult:
        """Run the tests, or wait forever."""
        if self.what == "first" or (fresh and self.what == "anew"):
            await asyncio.Event().wait()
        return await super().run(tests, overlay, limits, coverage=coverage)

    async def record_calls(
        self, tests: Sequence[str], places: Sequence[FunctionPlace], limits: TimeLimits
    ) -> tuple[RecordedCall, ...]:
        """Wait forever."""
        await asyncio.Event().wait()
        return ()


async def repaired(
    folder: Path, what: Literal["first", "anew", "calls"], seconds: float
) -> SearchReport:
    (folder / PATH).write_text(TEXT)
    request = RepairRequest(
        folder, ("failing",), ("passing",), written=True, seconds=seconds, write=False
    )
    async with asyncio.timeout(seconds + 20):
        return await repair_tree(request, Endless(TEXT, TESTS, what=what), MachineClock())


async def test_tests_that_never_end_are_told_apart_from_finding_nothing(tmp_path: Path) -> None:
    report = await repaired(tmp_path, "first", 0.2)

    assert (report.fix, report.stopped) == (None, "time")
    assert "before the tests showed which code to look" in explain(report)


@pytest.mark.slow
async def test_what_could_not_be_confirmed_in_time_is_told_and_no_fix(tmp_path: Path) -> None:
    report = await repaired(tmp_path, "anew", 5)

    assert (report.fix, report.stopped) == (None, "time")
    assert "Found too late: `*` instead of `+`" in explain(report)


@pytest.mark.slow
async def test_what_could_not_be_compared_in_time_is_only_plausible(tmp_path: Path) -> None:
    report = await repaired(tmp_path, "calls", 10)

    assert "width * height" in report.files[PATH]
    assert (report.label, report.doubt) == ("plausible", UNCOMPARED_DOUBT)
    assert UNCOMPARED_DOUBT in explain(report)

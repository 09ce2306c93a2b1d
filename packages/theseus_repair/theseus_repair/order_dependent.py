"""Leaves out tests that pass only after other tests: run alone, they fail with every edit."""

import asyncio
from collections.abc import Collection, Sequence

from theseus_repair.calls import CallOutcome, RecordedCall
from theseus_repair.model import Texts
from theseus_repair.runner import (
    FunctionPlace,
    Lines,
    RunResult,
    TestRecord,
    TestRunner,
    TimeLimits,
)


class OrderIndependentRunner:
    """Implements `TestRunner` with another runner, without tests that depend on the test order.

    `guards` are tests that passed among all. The first time one of them fails with an edit, it is
    run alone with the `unchanged` texts. If it fails there too, its failure says nothing about the
    edit, and it is `dropped` from that run and all later ones.
    """

    def __init__(
        self, runner: TestRunner, guards: Collection[str], unchanged: Texts, limits: TimeLimits
    ) -> None:
        self._runner, self._unchanged, self._limits = runner, unchanged, limits
        # One check at a time: parallel candidates fail at the same test, which is checked once.
        self._unchecked, self._checking = set(guards), asyncio.Lock()
        self.dropped: dict[str, None] = {}

    @property
    def width(self) -> int:
        """The number of runs that go on in parallel."""
        return self._runner.width

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
        """Run the tests that do not depend on others. If none is left, the run passes."""
        while remaining := [test for test in tests if test not in self.dropped]:
            result = await self._runner.run(
                remaining, overlay, limits, coverage=coverage, stop_at_first=stop_at_first,
                modules=modules, fresh=fresh,
            )  # fmt: skip
            if not await self._drop(result):
                return result
        return RunResult(tuple(TestRecord(test, "passed") for test in tests))

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """The tests that were dropped, each with the reason."""
        return tuple(
            (test, "fails when it runs alone, with or without an edit") for test in self.dropped
        )

    async def _drop(self, result: RunResult) -> bool:
        """Drop tests that failed here and also fail alone without an edit; return if any did."""
        async with self._checking:
            for record in result.failures:
                if record.test in self._unchecked:
                    alone = await self._runner.run([record.test], self._unchanged, self._limits)
                    self._unchecked.discard(record.test)
                    if alone.failures and not alone.failed_late:
                        self.dropped[record.test] = None
        return any(record.test in self.dropped for record in result.failures)

    async def record_calls(
        self, tests: Sequence[str], places: Sequence[FunctionPlace], limits: TimeLimits
    ) -> tuple[RecordedCall, ...]:
        """Return the calls that tests make of these functions."""
        return await self._runner.record_calls(tests, places, limits)

    async def replay_calls(
        self,
        calls: Sequence[RecordedCall],
        tests: Sequence[str],
        overlay: Texts,
        limits: TimeLimits,
        *,
        fresh: bool = False,
    ) -> tuple[CallOutcome, ...]:
        """Replay calls with these texts in place."""
        return await self._runner.replay_calls(calls, tests, overlay, limits, fresh=fresh)

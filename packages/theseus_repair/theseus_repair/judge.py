"""The judge that runs tests: the reproduction and recent killers first, then all affected tests."""

from collections import Counter
from collections.abc import Sequence

from theseus_repair.impacted_tests import Unconcerned, skip_none
from theseus_repair.model import Judgement, Texts
from theseus_repair.runner import RunResult, TestRunner, TimeLimits

KILLERS = 4  # tests that failed most candidates so far: they run first, to reject bad edits early
SPREAD = 8  # with more failing tests, a run stops at the first failure


class TestJudge:
    """Implements `search.Judge` with a `TestRunner`.

    Of the `affected` tests it skips those that `unconcerned` returns for the new texts.
    """

    __test__ = False  # pytest would collect this class because of its name

    def __init__(
        self,
        runner: TestRunner,
        reproduction: Sequence[str],
        affected: Sequence[str],
        quick: TimeLimits,
        full: TimeLimits,
        *,
        unconcerned: Unconcerned = skip_none,
    ) -> None:
        self._runner, self._quick, self._full = runner, quick, full
        self._unconcerned = unconcerned
        self._reproduction = tuple(reproduction)
        self._affected = tuple(test for test in affected if test not in self._reproduction)
        self._killers: Counter[str] = Counter()

    async def judge(self, files: Texts) -> Judgement:
        """Judge new texts; see `search.Judge`."""
        killers = [test for test, _ in self._killers.most_common(KILLERS)]
        first = [*self._reproduction, *killers]
        stop = len(self._reproduction) > SPREAD
        result = await self._runner.run(first, files, self._quick, stop_at_first=stop)
        if not result.is_passing:
            mended = set(self._reproduction) <= set(result.passed_tests)
            stage = "affected" if mended else "reproduction"
            total = len(killers) if mended else len(self._reproduction)
            return self._build_judgement(result, stage, total)
        left_out = {*killers, *self._unconcerned(files)}
        rest = [test for test in self._affected if test not in left_out]
        if not rest:
            return Judgement(True, passed=len(result.passed_tests), total=len(first))
        result = await self._runner.run(rest, files, self._full, stop_at_first=True)
        if result.is_passing:
            return Judgement(True, passed=len(first) + len(result.passed_tests), total=len(rest))
        for record in result.failures:
            if record.test in self._affected:
                self._killers[record.test] += 1
        return self._build_judgement(result, "affected", len(rest))

    def _build_judgement(self, result: RunResult, stage: str, total: int) -> Judgement:
        wanted = set(self._reproduction)
        passed = [test for test in result.passed_tests if stage == "affected" or test in wanted]
        crash = result.failures[0].crash if result.failures else None
        detail = f"{crash.error}: {crash.message}"[:300] if crash else result.output[-300:]
        if result.tried > 1:
            detail += " (tried twice, the second time alone)"
        return Judgement(
            is_passing=False,
            stage=stage,
            passed=len(passed),
            total=total,
            failed=tuple(record.test for record in result.failures),
            detail=detail,
            crash=crash,
            timed_out=result.late or (crash is not None and crash.error == "OutOfTime"),
        )

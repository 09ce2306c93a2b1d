"""Checks candidates against the answers that people stated: a contradiction is no fix."""

from collections.abc import Collection, Sequence

from theseus_repair.calls import StatedAnswer
from theseus_repair.model import Judgement, Texts
from theseus_repair.runner import TestRunner, TimeLimits
from theseus_repair.search import Judge


def group_by_function(stated: Sequence[StatedAnswer]) -> dict[str, tuple[str, ...]]:
    """Return the answers stated as right for each function, as literals by function name."""
    found: dict[str, tuple[str, ...]] = {}
    for answer in stated:
        end = None if answer.right is None else answer.question.answers[answer.right]
        if end is not None and end.source:
            name = answer.question.call.name.rpartition(".")[2]
            found[name] = (*found.get(name, ()), end.source)
    return found


class StatedAnswers:
    """Replays the calls that people were asked about; `tests` import the called functions."""

    def __init__(
        self,
        runner: TestRunner,
        tests: Sequence[str],
        stated: Sequence[StatedAnswer],
        limits: TimeLimits,
    ) -> None:
        self._runner, self._limits = runner, limits
        self._tests, self._stated = tuple(dict.fromkeys(tests)), tuple(stated)

    def __bool__(self) -> bool:
        return bool(self._stated)

    def hold(self, tests: Collection[str]) -> bool:
        """Return whether a call of one of these tests has a stated answer."""
        return any(
            answer.right is not None and not set(answer.question.call.tests).isdisjoint(tests)
            for answer in self._stated
        )

    def add(self, answer: StatedAnswer | None) -> "StatedAnswers":
        """Return these answers and one more, if it is not `None`."""
        if answer is None:
            return self
        return StatedAnswers(self._runner, self._tests, (*self._stated, answer), self._limits)

    async def find_conflict(self, files: Texts) -> str:
        """Return why these new texts contradict a stated answer, or an empty string."""
        if not self._stated:
            return ""
        calls = [answer.question.call for answer in self._stated]
        ends = await self._runner.replay_calls(calls, self._tests, files, self._limits)
        pairs = zip(self._stated, ends, strict=True)
        reasons = (answer.find_conflict(end) for answer, end in pairs)
        return next(filter(None, reasons), "")


class StatedJudge:
    """Implements `search.Judge`: a candidate that contradicts a stated answer does not pass."""

    def __init__(self, judge: Judge, stated: StatedAnswers) -> None:
        self._judge, self._stated = judge, stated

    async def judge(self, files: Texts) -> Judgement:
        """Judge new texts by the tests, then by the stated answers."""
        judgement = await self._judge.judge(files)
        reason = await self._stated.find_conflict(files) if judgement.is_passing else ""
        return Judgement(is_passing=False, stage="stated", detail=reason) if reason else judgement

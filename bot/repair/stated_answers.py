"""What people said calls answer, held against candidates: whatever answers otherwise is no fix."""

from collections.abc import Collection, Sequence

from bot.repair.calls import StatedAnswer
from bot.repair.model import Judgement, Texts
from bot.repair.runner import TestRunner, TimeLimits
from bot.repair.search import Judge


def group_by_function(stated: Sequence[StatedAnswer]) -> dict[str, tuple[str, ...]]:
    """Return what was said to be right of each function, as literals by its own name."""
    found: dict[str, tuple[str, ...]] = {}
    for said in stated:
        end = None if said.right is None else said.question.answers[said.right]
        if end is not None and end.source:
            name = said.question.call.name.rpartition(".")[2]
            found[name] = (*found.get(name, ()), end.source)
    return found


class StatedAnswers:
    """Makes the calls that people were asked about again; `tests` import what they call."""

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
        """Return whether a call that one of these tests makes is held to an answer."""
        return any(
            said.right is not None and not set(said.question.call.tests).isdisjoint(tests)
            for said in self._stated
        )

    def add(self, answer: StatedAnswer | None) -> "StatedAnswers":
        """Return these and one more, where there is one."""
        if answer is None:
            return self
        return StatedAnswers(self._runner, self._tests, (*self._stated, answer), self._limits)

    async def find_conflict(self, files: Texts) -> str:
        """Return why these new texts are not the fix; nothing where they answer as was said."""
        if not self._stated:
            return ""
        calls = [each.question.call for each in self._stated]
        ends = await self._runner.replay_calls(calls, self._tests, files, self._limits)
        reasons = (each.find_conflict(end) for each, end in zip(self._stated, ends, strict=True))
        return next(filter(None, reasons), "")


class StatedJudge:
    """Implements `search.Judge`: what answers otherwise than was said is not green either."""

    def __init__(self, judge: Judge, stated: StatedAnswers) -> None:
        self._judge, self._stated = judge, stated

    async def judge(self, files: Texts) -> Judgement:
        """Judge new texts by the tests, then by what people said."""
        judgement = await self._judge.judge(files)
        reason = await self._stated.find_conflict(files) if judgement.is_passing else ""
        return Judgement(is_passing=False, stage="stated", detail=reason) if reason else judgement

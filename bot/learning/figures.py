"""Key performance indicators and quality scores of a period, each with its formula. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.incident import Incident
from bot.domain.record_search import RunSummary
from bot.domain.run import FINAL_STATUSES, Status
from bot.domain.run_cases import RunCase
from bot.domain.samples import ActionCount

_WEEK = timedelta(days=7)
_BAD_VERDICTS = ("partial", "not_fixed", "regressed")


class Ratio(NamedTuple):
    """A part of a total."""

    part: int
    total: int

    @property
    def ratio(self) -> float | None:
        """The ratio from 0 to 1; `None` if the total is 0."""
        return self.part / self.total if self.total else None


class Indicator(NamedTuple):
    """One figure: `part` of `total`, its value, and the formula as people read it.

    `value` is `None` if there was nothing to measure. `unit` is `share`, `per week`, `points` or
    `usd`. `before` is the value of the period before.
    """

    name: str
    formula: str
    unit: str
    part: float
    total: float
    value: float | None
    before: float | None = None


class FigurePeriod(NamedTuple):
    """What happened in one period."""

    since: datetime
    until: datetime
    runs: Sequence[RunSummary]
    incidents: Sequence[Incident]
    cases: Sequence[RunCase]
    actions: Sequence[ActionCount]

    @property
    def weeks(self) -> float:
        """The length in weeks."""
        return (self.until - self.since) / _WEEK


def select_period(
    since: datetime,
    until: datetime,
    runs: Iterable[RunSummary],
    incidents: Iterable[Incident],
    cases: Iterable[RunCase],
    actions: Iterable[ActionCount],
) -> FigurePeriod:
    """Return what began in the period; cases count when they ended."""
    return FigurePeriod(
        since,
        until,
        [run for run in runs if since <= run.created_at < until],
        [each for each in incidents if since <= each.since < until],
        [case for case in cases if since <= case.ended_at < until],
        [each for each in actions if since.timestamp() <= each.at < until.timestamp()],
    )


def compute_indicators(now: FigurePeriod, before: FigurePeriod) -> tuple[Indicator, ...]:
    """Return the indicators of a period, with the values of the one before it."""
    earlier = {each.name: each.value for each in _compute(before)}
    known = _has_data(before)
    return tuple(
        each._replace(before=earlier[each.name] if known else None) for each in _compute(now)
    )


def _compute(period: FigurePeriod) -> tuple[Indicator, ...]:
    return (
        _compute_autonomy(period),
        _compute_velocity(period),
        _compute_recovery(period),
        _compute_learning(period),
        _compute_resources(period),
        _compute_approval(period),
        _compute_reloads(period),
    )


def _has_data(period: FigurePeriod) -> bool:
    return bool(period.runs or period.incidents or period.cases or period.actions)


def measure_autonomy(runs: Iterable[RunSummary]) -> Ratio:
    """Return how many of the tasks that ended, came live or wait for help were done without it.

    A proposal that waits for its approval has ended in neither way yet, and does not count.
    """
    tasks = [
        run for run in runs
        if run.status in FINAL_STATUSES or run.live_at
        or (run.status is Status.WAITING and not run.proposed_at)
    ]  # fmt: skip
    done = [run for run in tasks if run.status is Status.DONE or run.live_at]
    return Ratio(sum(not run.helped for run in done), len(tasks))


def measure_recovery(incidents: Iterable[Incident]) -> Ratio:
    """Return how many of the incidents that may be our code's were ended by a fix of the bot."""
    ours = [each for each in incidents if each.triage.ours and not each.is_for_people]
    return Ratio(sum(each.is_fixed and each.fix is not None for each in ours), len(ours))


def measure_approval(runs: Iterable[RunSummary]) -> Ratio:
    """Return how many of the proposals that people decided about were approved."""
    decided = [
        run for run in runs
        if run.proposed_at and (run.approved_at or run.status is Status.REJECTED)
    ]  # fmt: skip
    return Ratio(sum(run.approved_at is not None for run in decided), len(decided))


def _compute_autonomy(period: FigurePeriod) -> Indicator:
    return _build_share(
        "Autonomy rate",
        "tasks done without an answer, an instruction or a revision of a person / all tasks that "
        "ended, came live, or wait for help; an approval is no help",
        measure_autonomy(period.runs),
    )


def _compute_velocity(period: FigurePeriod) -> Indicator:
    improvements = [
        run
        for run in period.runs
        if run.live_at is not None and run.verdict not in _BAD_VERDICTS and run.goal != "revert"
    ]
    return Indicator(
        "Improvement velocity",
        "changes that came live and are not known to be bad, without reverts / weeks",
        "per week",
        len(improvements),
        period.weeks,
        len(improvements) / period.weeks if _has_data(period) else None,
    )


def _compute_recovery(period: FigurePeriod) -> Indicator:
    return _build_share(
        "Error recovery",
        "incidents that a fix of the bot ended, and that did not come back / incidents whose cause "
        "may be our code",
        measure_recovery(period.incidents),
    )


def _compute_learning(period: FigurePeriod) -> Indicator:
    """Return how much better the second half of the judged runs did than the first."""
    judged = sorted(
        (case for case in period.cases if case.is_judged),
        key=lambda case: (case.ended_at, case.run_id),
    )
    half = len(judged) // 2
    first, second = judged[:half], judged[len(judged) - half :]
    gained = (_count_held(second) - _count_held(first)) / half if half else None
    return Indicator(
        "Learning efficiency",
        "share of runs that held, in the second half of the judged runs - the same in the first "
        "half",
        "points",
        _count_held(second),
        half,
        gained,
    )


def _compute_resources(period: FigurePeriod) -> Indicator:
    spent = sum(run.cost_usd for run in period.runs)
    good = [
        run for run in period.runs if run.live_at is not None and run.verdict not in _BAD_VERDICTS
    ]
    return Indicator(
        "Resource efficiency",
        "US dollars of all runs, also failed ones / changes that came live and are not known to be "
        "bad",
        "usd",
        spent,
        len(good),
        spent / len(good) if good else None,
    )


def _compute_approval(period: FigurePeriod) -> Indicator:
    return _build_share(
        "Approval rate",
        "proposals that were approved / proposals that were approved or rejected",
        measure_approval(period.runs),
    )


def _compute_reloads(period: FigurePeriod) -> Indicator:
    reloads = [each for each in period.actions if each.kind == "reload"]
    total = sum(each.actions for each in reloads)
    return _build_share(
        "Reload success",
        "reloads and restarts that worked / all in the journal",
        Ratio(total - sum(each.failures for each in reloads), total),
    )


def _build_share(name: str, formula: str, share: Ratio) -> Indicator:
    return Indicator(name, formula, "share", *share, share.ratio)


def _count_held(cases: Sequence[RunCase]) -> int:
    return sum(case.result == "held" for case in cases)


class QualityWeek(NamedTuple):
    """The quality of the changes of one week: for each score its part and total."""

    since: datetime
    scores: Mapping[str, tuple[int, int]]


QUALITY_FORMULAS: Mapping[str, str] = {
    "coverage": "changed statements that ran / all changed statements, as the gate measured",
    "types": "changes whose type check passed / changes with one",
    "lint": "changes whose linter passed / changes with one",
    "documentation": "changes whose documents follow / changes that were examined",
    "advisories": "changes without a known vulnerability in their dependencies / examined ones",
    "performance": "changes without a slower command / measured ones",
}
"""What each score counts, over the newest checks of the runs that ended in the week."""


def compute_quality(cases: Iterable[RunCase], now: datetime, weeks: int) -> tuple[QualityWeek, ...]:
    """Return the scores of the last weeks, the newest first; weeks without changes are left out."""
    known = list(cases)
    found = []
    for age in range(weeks):
        until = now - age * _WEEK
        ended = [case for case in known if until - _WEEK <= case.ended_at < until]
        scores = {name: _score(ended, name) for name in QUALITY_FORMULAS}
        if any(total for _, total in scores.values()):
            found.append(QualityWeek(until - _WEEK, scores))
    return tuple(found)


def _score(cases: Sequence[RunCase], name: str) -> tuple[int, int]:
    if name == "coverage":
        covered = [case.covered for case in cases if case.covered is not None]
        return sum(part for part, _ in covered), sum(total for _, total in covered)
    results = [case.checks[name] for case in cases if name in case.checks]
    return results.count("passed"), len(results)

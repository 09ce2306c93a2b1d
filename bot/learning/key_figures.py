"""Computes key figures of a period: results, durations and costs of runs. Pure functions."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.incident import Incident
from bot.domain.record_search import RunSummary
from bot.domain.run import FINAL_STATUSES
from bot.learning.figures import Ratio, measure_approval, measure_autonomy, measure_recovery


class Spread(NamedTuple):
    """The median and the 90th percentile of durations or costs, and the number of values.

    Median and percentile are `None` without values.
    """

    median: float | None
    p90: float | None
    number: int


class KeyFigures(NamedTuple):
    """Figures of the runs and incidents that began in a period.

    `shipped` counts changes that came live. `unaided`, `approved` and `recovered` are the
    indicators of `bot.learning.figures`: autonomy, approval, error recovery. `held` counts the
    fixes that hold among those with a clear verdict. Times are in seconds from the request; `cost`
    is in US dollars per change that came live.
    """

    begun: int
    finished: int
    proposed: int
    shipped: int
    by_itself: int
    unaided: Ratio
    approved: Ratio
    held: Ratio
    unsure: int
    still_watched: int
    incidents: int
    recovered: Ratio
    to_proposal: Spread
    to_live: Spread
    cost: Spread


def compute_key_figures(
    runs: Sequence[RunSummary], incidents: Iterable[Incident], since: datetime
) -> KeyFigures:
    """Return the figures. `runs` are those that began since `since`."""
    proposed = [run for run in runs if run.proposed_at is not None]
    shipped = [run for run in runs if run.live_at is not None]
    began = [each for each in incidents if each.since >= since]
    judged = [run for run in runs if run.verdict in ("fixed", "partial", "not_fixed", "regressed")]
    return KeyFigures(
        begun=len(runs),
        finished=sum(run.status in FINAL_STATUSES for run in runs),
        proposed=len(proposed),
        shipped=len(shipped),
        by_itself=sum(run.origin != "person" for run in runs),
        unaided=measure_autonomy(runs),
        approved=measure_approval(runs),
        held=Ratio(sum(run.verdict == "fixed" for run in judged), len(judged)),
        unsure=sum(run.verdict == "inconclusive" for run in runs),
        still_watched=sum(run.watched and run.verdict is None for run in shipped),
        incidents=len(began),
        recovered=measure_recovery(began),
        to_proposal=compute_spread(measure_times(proposed, lambda run: run.proposed_at)),
        to_live=compute_spread(measure_times(shipped, lambda run: run.live_at)),
        cost=compute_spread([run.cost_usd for run in shipped]),
    )


def measure_times(
    runs: Iterable[RunSummary], reached: Callable[[RunSummary], datetime | None]
) -> list[float]:
    """Return the seconds each run took until `reached`, for the runs that got there."""
    ends = ((reached(run), run.created_at) for run in runs)
    return [
        max((end - begin) / timedelta(seconds=1), 0.0) for end, begin in ends if end is not None
    ]


def compute_spread(values: Sequence[float]) -> Spread:
    """Return the median and the 90th percentile, interpolated between the values."""
    if not values:
        return Spread(None, None, 0)
    if len(values) == 1:
        return Spread(values[0], values[0], 1)
    p90 = statistics.quantiles(values, n=10, method="inclusive")[-1]
    return Spread(statistics.median(values), p90, len(values))

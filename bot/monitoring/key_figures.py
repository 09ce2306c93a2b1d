"""Key figures of a span: how runs end, how long they take, what they cost, and what held. Pure."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.incident import Incident
from bot.domain.record_search import RunSummary
from bot.domain.run import FINAL_STATUSES, Status


class Ratio(NamedTuple):
    """So many of so many."""

    part: int
    total: int

    @property
    def ratio(self) -> float | None:
        """0 to 1; nothing, where there was nothing to count."""
        return self.part / self.total if self.total else None


class Spread(NamedTuple):
    """How long something took, or what it cost: median, 90th percentile, and of how many.

    Both are absent where there was none.
    """

    median: float | None
    p90: float | None
    number: int


class KeyFigures(NamedTuple):
    """Of the runs begun in a span, and of the incidents that began in it.

    `shipped` came live. `unaided`: of all runs that ended, those that got done without anybody
    answering a question, giving an instruction or asking for a revision. `approved`: of what was
    proposed and decided, what was approved. `held`: of what was watched and judged surely, what
    holds. `recovered`: of the incidents, those that a fix or a revert ended; one that only became
    quiet does not count. Times are in seconds from when it was asked; `cost` is in US dollars a
    change that came live.
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
    recovered: Ratio
    to_proposal: Spread
    to_live: Spread
    cost: Spread


def compute_key_figures(
    runs: Sequence[RunSummary], incidents: Iterable[Incident], since: datetime
) -> KeyFigures:
    """Return the figures; `runs` are those begun since then."""
    proposed = [run for run in runs if run.proposed_at is not None]
    shipped = [run for run in runs if run.live_at is not None]
    began = [each for each in incidents if each.since >= since]
    sure = [run for run in runs if run.verdict in ("fixed", "partial", "not_fixed", "regressed")]
    return KeyFigures(
        begun=len(runs),
        finished=sum(run.status in FINAL_STATUSES for run in runs),
        proposed=len(proposed),
        shipped=len(shipped),
        by_itself=sum(run.origin != "person" for run in runs),
        unaided=_share(
            [run for run in runs if run.status in FINAL_STATUSES],
            lambda run: run.status is Status.DONE and not run.helped,
        ),
        approved=_share(
            [run for run in proposed if run.approved_at or run.status is Status.REJECTED],
            lambda run: run.approved_at is not None,
        ),
        held=_share(sure, lambda run: run.verdict == "fixed"),
        unsure=sum(run.verdict == "inconclusive" for run in runs),
        still_watched=sum(run.watched and run.verdict is None for run in shipped),
        recovered=Ratio(sum(each.is_fixed for each in began), len(began)),
        to_proposal=compute_spread(measure_times(proposed, lambda run: run.proposed_at)),
        to_live=compute_spread(measure_times(shipped, lambda run: run.live_at)),
        cost=compute_spread([run.cost_usd for run in shipped]),
    )


def measure_times(
    runs: Iterable[RunSummary], reached: Callable[[RunSummary], datetime | None]
) -> list[float]:
    """Return how many seconds each run took to where it is `reached`, if it got there."""
    ends = ((reached(run), run.created_at) for run in runs)
    return [
        max((end - begin) / timedelta(seconds=1), 0.0) for end, begin in ends if end is not None
    ]


def compute_spread(values: Sequence[float]) -> Spread:
    """Return the median and the 90th percentile; that of few values lies among them."""
    if not values:
        return Spread(None, None, 0)
    if len(values) == 1:
        return Spread(values[0], values[0], 1)
    p90 = statistics.quantiles(values, n=10, method="inclusive")[-1]
    return Spread(statistics.median(values), p90, len(values))


def _share(runs: Sequence[RunSummary], counts: Callable[[RunSummary], bool]) -> Ratio:
    return Ratio(sum(map(counts, runs)), len(runs))

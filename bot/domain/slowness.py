"""How slow an action is lately, compared with before, and by commit."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from theseus_guard.record import Record

from bot.domain.journal import Action
from bot.domain.samples import Sample

RECENT_WINDOW = timedelta(minutes=10)
_SLOWEST = 5
_CODES = 5


class Pace(Record):
    """The p95 duration of a number of successful actions. `commit` is short, or empty."""

    actions: int
    p95_ms: float
    commit: str = ""


class Slowness(Record):
    """The durations of an action. `by_code` has the pace of each commit, oldest first."""

    former_names: ClassVar = {"lately": "recent"}

    newest: Action
    recent: Pace
    before: Pace | None = None
    by_code: tuple[Pace, ...] = ()
    slowest: tuple[str, ...] = ()

    @property
    def came_with(self) -> str:
        """The commit since which the action is slower by more than half; empty if there is none."""
        if len(self.by_code) < 2:
            return ""
        *_, previous, last = self.by_code
        return last.commit if last.p95_ms > 1.5 * previous.p95_ms else ""


def measure_slowness(newest: Action, samples: Iterable[Sample]) -> Slowness | None:
    """Return the durations of an event up to its `newest` record.

    Returns `None` if no action succeeded in the last ten minutes before it.
    """
    succeeded = [s for s in samples if s.outcome == "ok" and s.duration_ms is not None]
    edge = (newest.ts - RECENT_WINDOW).timestamp()
    recent = [sample for sample in succeeded if sample.at >= edge]
    if not recent:
        return None
    before = [sample for sample in succeeded if sample.at < edge]
    commits = dict.fromkeys(sample.commit[:7] for sample in succeeded if sample.commit)
    by_code = [
        _measure_pace([s for s in succeeded if (s.commit or "")[:7] == commit], commit)
        for commit in commits
    ]
    slowest = sorted(recent, key=_get_duration, reverse=True)[:_SLOWEST]
    return Slowness(
        newest=newest,
        recent=_measure_pace(recent),
        before=_measure_pace(before) if before else None,
        by_code=tuple(by_code[-_CODES:]),
        slowest=tuple(sample.id for sample in slowest),
    )


def _measure_pace(samples: Sequence[Sample], commit: str = "") -> Pace:
    durations = sorted(map(_get_duration, samples))
    at = max(0, -(-95 * len(durations) // 100) - 1)
    return Pace(actions=len(durations), p95_ms=durations[at], commit=commit)


def _get_duration(sample: Sample) -> float:
    return sample.duration_ms or 0.0

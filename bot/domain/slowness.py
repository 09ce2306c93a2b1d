"""How slow an action is lately, against before, and by the code that ran."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from bot.domain.journal import Action
from bot.domain.record import Record
from bot.domain.samples import Sample

RECENT_WINDOW = timedelta(minutes=10)
_SLOWEST = 5
_CODES = 5


class Pace(Record):
    """How long so many actions took: p95 of those that went well. `commit` is short, or empty."""

    actions: int
    p95_ms: float
    commit: str = ""


class Slowness(Record):
    """What an action's durations say. `by_code` has the pace of each commit, oldest first."""

    former_names: ClassVar = {"lately": "recent"}

    newest: Action
    recent: Pace
    before: Pace | None = None
    by_code: tuple[Pace, ...] = ()
    slowest: tuple[str, ...] = ()

    @property
    def came_with(self) -> str:
        """The commit since which it is slower; empty where no commit makes a difference."""
        if len(self.by_code) < 2:
            return ""
        *_, previous, last = self.by_code
        return last.commit if last.p95_ms > 1.5 * previous.p95_ms else ""


def measure_slowness(newest: Action, samples: Iterable[Sample]) -> Slowness | None:
    """Return what the durations of an event say up to its `newest` record; `None`: nothing."""
    well = [each for each in samples if each.outcome == "ok" and each.duration_ms is not None]
    edge = (newest.ts - RECENT_WINDOW).timestamp()
    lately = [each for each in well if each.at >= edge]
    if not lately:
        return None
    before = [each for each in well if each.at < edge]
    codes = dict.fromkeys(each.commit[:7] for each in well if each.commit)
    by_code = [
        _measure_pace([e for e in well if (e.commit or "")[:7] == code], code) for code in codes
    ]
    slowest = sorted(lately, key=_get_duration, reverse=True)[:_SLOWEST]
    return Slowness(
        newest=newest,
        recent=_measure_pace(lately),
        before=_measure_pace(before) if before else None,
        by_code=tuple(by_code[-_CODES:]),
        slowest=tuple(each.id for each in slowest),
    )


def _measure_pace(samples: Sequence[Sample], commit: str = "") -> Pace:
    durations = sorted(map(_get_duration, samples))
    at = max(0, -(-95 * len(durations) // 100) - 1)
    return Pace(actions=len(durations), p95_ms=durations[at], commit=commit)


def _get_duration(sample: Sample) -> float:
    return sample.duration_ms or 0.0

"""What a benchmark says, and how pairs are measured."""

import math
import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from pydantic import Field
from theseus_guard.record import Record

_SCALES = ((1.0, "s", 1.0), (1e-3, "ms", 1e3), (0.0, "µs", 1e6))
_SMALL = 0.05  # a ratio below it has one digit that counts

Timed = Callable[[], Awaitable[float]]
Unit = Literal[
    "s", "MB", "tokens", "requests", "rounds", "plays", "faults", "functions", "answers", "edits"
]


class Row(Record):
    """One figure. `ours` and `baseline` are medians in `unit`; `ratio` is ours divided by baseline.

    Without a baseline, `share` says which part of the total this is.
    """

    bench: str
    name: str
    ours: float = Field(ge=0)
    baseline: float | None = Field(default=None, ge=0)
    baseline_name: str = ""
    ratio: float | None = None
    share: float | None = Field(default=None, ge=0, le=1)
    pairs: int = Field(default=1, ge=1)
    unit: Unit = "s"

    @property
    def line(self) -> str:
        """Return it as one line for a terminal; lines of several rows are aligned."""
        start = f"{self.bench:16}{self.name:36}{self._format_amount(self.ours):>13}"
        if self.ratio is not None and self.baseline is not None:
            against = f"{self.baseline_name} {self._format_amount(self.baseline)}"
            pairs = f"  ({self.pairs} pairs)" if self.pairs > 1 else ""
            ratio = f"{self.ratio:.2f}" if self.ratio >= _SMALL else f"{self.ratio:.1g}"
            return f"{start}   {ratio:>6} x  {against}{pairs}"
        return start + (f"   {self.share:5.0%}" if self.share is not None else "")

    def _format_amount(self, amount: float) -> str:
        if self.unit == "s":
            return format_duration(amount)
        return f"{amount:,.0f} {self.unit}" if amount >= 10 else f"{amount:.2g} {self.unit}"


def format_duration(seconds: float) -> str:
    """Return a time with three digits or so, in a unit that suits it."""
    unit, factor = next((unit, by) for least, unit, by in _SCALES if seconds >= least)
    return f"{seconds * factor:.3g} {unit}"


async def measure_pairs(ours: Timed, baseline: Timed, *, pairs: int) -> tuple[float, float, float]:
    """Return the medians of ours, of the baseline, and of the ratios of each pair.

    The first pair is a warm-up and does not count; the order alternates.
    """
    measured: list[tuple[float, float]] = []
    for number in range(pairs + 1):
        if number % 2:
            theirs, mine = await baseline(), await ours()
        else:
            mine, theirs = await ours(), await baseline()
        measured.append((mine, theirs))
    counted = measured[1:]
    return (
        compute_median([mine for mine, _ in counted]),
        compute_median([theirs for _, theirs in counted]),
        compute_median([mine / theirs for mine, theirs in counted]),
    )


def compute_median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def compute_p95(values: Sequence[float]) -> float:
    """Return what 95 of 100 values do not exceed, as the nearest of them."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]

"""Numenta's anomaly benchmark (NAB), with its series taken as durations, one action every few
minutes.

Alarms of a detector less than an hour apart count as one. A labelled window is found if an alarm
touches it; an alarm that touches no window is false. The first 15 % of a series only warm up the
detector, as in Numenta's own scoring. The benchmark uses twenty-four files: known causes, and AWS.
"""

import csv
import importlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bot.detection import Detector
from bot.domain.samples import Sample
from bot.domain.thresholds import Latency, Thresholds

FOLDERS = ("realKnownCause", "realAWSCloudwatch")
WARM_UP = 0.15
MERGE_SECONDS = 3_600.0
POINTS = 24  # of the rule's window

Value = tuple[float, float]
"""When, in seconds since 1970, and how much."""

Finder = Callable[[Sequence[Value]], Iterable[float]]
"""Yields when it raises an alarm."""


class Score(NamedTuple):
    """What one detector made of all series."""

    found: int
    windows: int
    false: int


def score_finder(folder: Path, finder: Finder) -> Score:
    """Run it over the series that are there. Raises `OSError` or `ValueError` if they cannot be."""
    labels = json.loads((folder / "combined_windows.json").read_text(encoding="utf-8"))
    found = windows = false = 0
    for path in sorted(path for name in FOLDERS for path in (folder / name).glob("*.csv")):
        values = read_series(path)
        warm = values[int(len(values) * WARM_UP)][0]
        alarms = _merge_alarms(at for at in finder(values) if at >= warm)
        spans = [
            (_parse_time(a), _parse_time(b)) for a, b in labels[f"{path.parent.name}/{path.name}"]
        ]
        found += sum(any(a <= last and first <= b for first, last in alarms) for a, b in spans)
        false += sum(not any(a <= last and first <= b for a, b in spans) for first, last in alarms)
        windows += len(spans)
    return Score(found, windows, false)


def make_latency_finder(factor: float) -> Finder:
    """Return the latency rule with that factor; its window holds 24 points, its baseline a week."""

    def find_alarms(values: Sequence[Value]) -> Iterator[float]:
        step = sorted(b[0] - a[0] for a, b in itertools.pairwise(values))
        minutes = min(1_440.0, POINTS * step[len(step) // 2] / 60)
        rule = Latency(factor=factor, minutes=minutes, baseline_hours=168, floor_ms=0)
        detector = Detector(
            Thresholds(error_rate=None, repeated_error=None, latency=rule, cooldown_minutes=0)
        )
        for at, value in values:
            taken = max(value, 0.0)
            if detector.see(Sample(at, "", "series", "series", "ok", taken)):
                yield at

    return find_alarms


def find_by_ewma(values: Sequence[Value], weight: float = 0.05, k: float = 5.0) -> Iterator[float]:
    """Return an alarm for each value that is `k` deviations off the exponentially weighted mean."""
    mean, variance = values[0][1], 0.0
    for number, (at, value) in enumerate(values):
        off = value - mean
        if number > 1 / weight and abs(off) > k * math.sqrt(variance) > 0:
            yield at
        mean += weight * off
        variance = (1 - weight) * (variance + weight * off * off)


def find_by_adwin(values: Sequence[Value]) -> Iterator[float]:
    """Return the alarms of River's ADWIN, which detects changes of the mean."""
    detector = importlib.import_module("river.drift").ADWIN()
    for at, value in values:
        detector.update(value)
        if detector.drift_detected:
            yield at


def _merge_alarms(alarms: Iterable[float]) -> list[tuple[float, float]]:
    """Return beginning and end of each."""
    found: list[tuple[float, float]] = []
    for at in alarms:
        if found and at - found[-1][1] < MERGE_SECONDS:
            found[-1] = found[-1][0], at
        else:
            found.append((at, at))
    return found


def read_series(path: Path) -> Sequence[Value]:
    """Return what a file of the benchmark holds, oldest first."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            (_parse_time(row["timestamp"]), float(row["value"])) for row in csv.DictReader(lines)
        ]


def _parse_time(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

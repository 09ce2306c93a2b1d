"""Journals whose load is real and whose failures are made up: 5 of 1,000 actions fail alike.

The loads are two series of Numenta's benchmark that count something: requests to a load balancer
(62 in five minutes on average, 656 at most) and a tenth of the taxis of New York (250 in five
minutes). Once a week six times as many of them fail for forty minutes.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench._detection_nab import Value, read_series
from bot.detection import Detector
from bot.domain.anomaly import Rule
from bot.domain.samples import Sample
from bot.domain.thresholds import Thresholds

LOADS = (
    ("realAWSCloudwatch/elb_request_count_8c0756.csv", 1.0),
    ("realKnownCause/nyc_taxi.csv", 0.1),
)
USUAL, RISEN = 0.005, 0.03
LASTS = 2_400.0
WEEK = 7 * 86_400.0
WEEKS = 2
_WARM_UP = 86_400.0
AFTERWARDS = 600.0  # seconds in which a window may still hold what is over


class LoadResult(NamedTuple):
    """The reports for one load per number of days after the first, and the number of detected
    rises.
    """

    false: int
    days: float
    found: int
    rises: int


def judge_load(folder: Path, load: str, times: float, seed: int) -> LoadResult:
    """Judge one load with the default thresholds; raises `OSError` where it is not there."""
    chance = random.Random(f"{load} {seed}")  # noqa: S311
    values = read_series(folder / load)
    start = values[0][0]
    values = [each for each in values if each[0] < start + WEEKS * WEEK]
    rises = [start + week * WEEK + chance.uniform(1.5, 6.5) * 86_400 for week in range(WEEKS)]
    detector, false, found = Detector(Thresholds()), 0, set[float]()
    for sample in _iterate_samples(values, times, rises, chance):
        for anomaly in detector.see(sample):
            at = anomaly.at.timestamp()
            meant = [each for each in rises if each <= at <= each + LASTS + AFTERWARDS]
            if anomaly.rule is Rule.REPEATED_ERROR:
                found |= set(meant)
                false += not meant and at >= start + _WARM_UP
    days = (values[-1][0] - start - _WARM_UP) / 86_400
    return LoadResult(false, days, len(found), len(rises))


def _iterate_samples(
    values: Sequence[Value], times: float, rises: Sequence[float], chance: random.Random
) -> Iterator[Sample]:
    step = values[1][0] - values[0][0]
    number = 0
    for at, load in values:
        count = round(max(load, 0.0) * times)
        for moment in sorted(at + chance.random() * step for _ in range(count)):
            number += 1
            share = RISEN if any(0 <= moment - each < LASTS for each in rises) else USUAL
            bad = chance.random() < share
            yield Sample(
                moment, f"{number:09d}", "command.ask", "command", "error" if bad else "ok",
                100.0, "usual" if bad else None,
            )  # fmt: skip

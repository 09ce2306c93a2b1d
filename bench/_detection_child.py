"""Feeds one stream of records to one detector, in a separate process; prints seconds and megabytes.

Run as `python _detection_child.py CONTENDER KINDS RECORDS`. The seconds are processor time per
record; the time to create the stream is measured separately and subtracted. The memory is the
growth of the process.
"""

import importlib
import json
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bot.detection import Detector
from bot.domain.samples import Sample
from bot.domain.thresholds import Thresholds

START = 1_780_000_000.0
A_SECOND = 20
BAD = 0.01
DURATIONS = 4_096

See = Callable[[Sample], object]


def iterate_samples(kinds: int, records: int) -> Iterator[Sample]:
    """Yield records of that many kinds in turns: twenty a second, a hundredth of them failures."""
    chance = random.Random(5)  # noqa: S311  the same stream for all
    durations = [chance.lognormvariate(4, 0.4) for _ in range(DURATIONS)]
    names = [f"command.{number}" for number in range(min(kinds, 1_000))]
    for number in range(records):
        kind = number % kinds
        bad = chance.random() < BAD
        yield Sample(
            START + number / A_SECOND,
            f"{number:026d}",
            names[kind] if kind < len(names) else f"command.{kind}",
            "command",
            "error" if bad else "ok",
            durations[number % DURATIONS],
            f"f{number % 7}" if bad else None,
        )


def make_detector() -> See:
    """Return the detector with its default settings."""
    return Detector(Thresholds()).see


def make_adwin() -> See:
    """Return two of River's ADWIN detectors for each kind: one for failures, one for durations."""
    ADWIN = importlib.import_module("river.drift").ADWIN  # noqa: N806  it is a class

    kept: dict[str, tuple[Any, Any]] = {}

    def see(sample: Sample) -> None:
        both = kept.get(sample.event)
        if both is None:
            both = kept[sample.event] = ADWIN(), ADWIN()
        both[0].update(float(sample.is_failure))
        if sample.duration_ms is not None:
            both[1].update(sample.duration_ms)

    return see


def make_counter() -> See:
    """Return two plain numbers for each kind; they report nothing and forget nothing."""
    kept: dict[str, list[int]] = {}

    def see(sample: Sample) -> None:
        counts = kept.get(sample.event)
        if counts is None:
            counts = kept[sample.event] = [0, 0]
        counts[0] += 1
        counts[1] += sample.is_failure

    return see


CONTENDERS: dict[str, Callable[[], See]] = {
    "ours": make_detector,
    "adwin": make_adwin,
    "counter": make_counter,
}


def _measure_megabytes() -> float:
    """Return what this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4_096 / 1e6


def main() -> None:
    """Measure as the arguments say."""
    contender, kinds, records = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    see = CONTENDERS[contender]()
    begun = time.process_time()
    deque(iterate_samples(kinds, records), maxlen=0)
    made, before = time.process_time(), _measure_megabytes()
    for sample in iterate_samples(kinds, records):
        see(sample)
    seconds = (time.process_time() - made) - (made - begun)
    told = {
        "seconds": max(0.0, seconds) / records,
        "megabytes": max(0.0, _measure_megabytes() - before),
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()

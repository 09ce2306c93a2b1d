"""What detection finds and which false alarms it raises: faults in generated journals, and NAB.

`bench/data/nab.zip` holds the series of Numenta's benchmark that are used, the labelled windows and
the licence (https://github.com/numenta/NAB).
"""

import asyncio
import importlib.util
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from bench import _detection_loads as loads
from bench import _detection_nab as nab
from bench._detection_faults import FAULTS, Scenario, make_faulty_hours, make_quiet_day
from bench.rows import Row, compute_median, format_duration
from bot.detection import Detector
from bot.domain.anomaly import Anomaly
from bot.domain.thresholds import Thresholds

SEEDS = 35
QUIET_DAYS = 30
LOAD_SEEDS = 5
NAB = Path(__file__).with_name("data") / "nab.zip"


class Quality(Row):
    """The quality of detection. `ours` is the median delay from the start of the fault, in
    seconds.
    """

    found: int = Field(ge=0)
    of: int = Field(ge=0)
    false: int = Field(ge=0, description="incidents of what was not at fault")
    days: float = Field(default=0.0, ge=0)
    records: float = Field(default=0.0, ge=0, description="of that kind, until it was told")
    reported: float = Field(default=0.0, ge=0, description="how often a fault was told, on average")

    @property
    def line(self) -> str:
        """Return it as one line for a terminal."""
        start = f"{self.bench:19}{self.name:24}"
        found = f"{self.found:>3} of {self.of:<3} found  " if self.of else f"{'':17}"
        if not self.days:
            return f"{start}{found}{self.false:>4} false alarms"
        rate = f"{self.false / self.days:.2f} false a day ({self.false} in {self.days:.0f} days)"
        if not self.of or not self.reported:
            return f"{start}{found}{rate}"
        delay = f"after {format_duration(self.ours)}, {self.records:.0f} records"
        return f"{start}{found}{rate}  {delay}, told {self.reported:.1f} times"


async def measure() -> Sequence[Row]:
    """Return a row for each sort of fault, for quiet days, and for each detector on NAB."""
    rows = [await asyncio.to_thread(_measure_fault, fault) for fault in FAULTS]
    rows.append(await asyncio.to_thread(_measure_quiet_days))
    return [*rows, *await asyncio.to_thread(_measure_nab)]


def _measure_fault(fault: str) -> Row:
    found, false, days, delays, records, told = 0, 0, 0.0, list[float](), list[float](), 0
    for seed in range(SEEDS):
        scenario = make_faulty_hours(fault, seed)
        right, wrong = _split_anomalies(scenario)
        false += len({anomaly.event for anomaly in wrong})
        days += scenario.hours / 24
        if right:
            found += 1
            at = right[0].at.timestamp()
            delays.append(at - scenario.begin)
            records.append(_count_records_until(scenario, at))
            told += len(right)
    return Quality(
        bench="detection-quality", name=fault, ours=compute_median(delays or [0.0]), found=found,
        of=SEEDS,
        false=false, days=days, records=compute_median(records or [0.0]),
        reported=told / max(1, found),
    )  # fmt: skip


def _count_records_until(scenario: Scenario, at: float) -> int:
    return sum(
        each.event == scenario.event and scenario.begin <= each.at <= at
        for each in scenario.samples
    )


def _measure_quiet_days() -> Row:
    false, days = 0, 0.0
    for seed in range(QUIET_DAYS):
        scenario = make_quiet_day(seed)
        _, wrong = _split_anomalies(scenario)
        false += len(wrong)
        days += scenario.hours / 24
    return Quality(
        bench="detection-quality", name="quiet day", ours=0, found=0, of=0, false=false, days=days
    )


def _split_anomalies(scenario: Scenario) -> tuple[list[Anomaly], list[Anomaly]]:
    """Return the reports about the fault, and all other reports."""
    detector = Detector(Thresholds())
    right, wrong = list[Anomaly](), list[Anomaly]()
    for sample in scenario.samples:
        for anomaly in detector.see(sample):
            meant = anomaly.event == scenario.event and (
                scenario.begin <= anomaly.at.timestamp() <= scenario.end + loads.AFTERWARDS
            )
            (right if meant else wrong).append(anomaly)
    return right, wrong


def _measure_nab() -> list[Row]:
    finders: dict[str, nab.Finder] = {
        "NAB, latency rule": nab.make_latency_finder(2.0),
        "NAB, factor 1.3": nab.make_latency_finder(1.3),
        "NAB, EWMA k=5": nab.find_by_ewma,
    }
    if importlib.util.find_spec("river"):
        finders["NAB, ADWIN"] = nab.find_by_adwin
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(NAB) as archive:
        archive.extractall(folder)
        series = Path(folder)
        scores = [
            _build_score_row(name, nab.score_finder(series, finder))
            for name, finder in finders.items()
        ]
        return [*scores, *(_measure_load(series, *each) for each in loads.LOADS)]


def _measure_load(folder: Path, load: str, times: float) -> Row:
    """Return the reports about constant failures and about their rises, on a realistic load."""
    each = [loads.judge_load(folder, load, times, seed) for seed in range(LOAD_SEEDS)]
    return Quality(
        bench="detection-quality", name=f"5 of 1,000, {Path(load).stem[:11]}", ours=0,
        found=sum(one.found for one in each), of=sum(one.rises for one in each),
        false=sum(one.false for one in each), days=sum(one.days for one in each),
    )  # fmt: skip


def _build_score_row(name: str, score: nab.Score) -> Row:
    return Quality(
        bench="detection-quality", name=name, ours=0, found=score.found, of=score.windows,
        false=score.false,
    )  # fmt: skip

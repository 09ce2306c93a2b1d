"""The evaluation of detection judges rightly what it is given."""

import json
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bench import _detection_child, _detection_nab
from bench._detection_faults import FAULTS, START, make_faulty_hours, make_quiet_day
from bench.detection_quality import NAB, Quality

ROOT = Path(__file__).resolve().parents[2]


def test_a_journal_is_the_same_every_time_and_in_order() -> None:
    once, again = make_faulty_hours("error burst", 3), make_faulty_hours("error burst", 3)
    assert once == again
    assert once != make_faulty_hours("error burst", 4)
    times = [each.at for each in once.samples]
    assert times == sorted(times)


@pytest.mark.parametrize("fault", ["error burst", "latency regression"])
def test_the_fault_is_in_its_kind_and_its_time_alone(fault: str) -> None:
    planted = make_faulty_hours(fault, 1)
    assert set(FAULTS) >= {fault}

    def told(*, inside: bool) -> tuple[float, float]:
        chosen = [
            each
            for each in planted.samples
            if each.event == planted.event and (planted.begin <= each.at < planted.end) is inside
        ]
        fails = sum(each.is_failure for each in chosen) / len(chosen)
        return fails, sum(each.duration_ms or 0 for each in chosen) / len(chosen)

    (fails, ms), (usual_fails, usual_ms) = told(inside=True), told(inside=False)
    if fault == "error burst":
        assert fails > 0.4 > 0.1 > usual_fails
    else:
        assert ms > 2 * usual_ms


def test_a_quiet_day_has_a_day_of_records_and_a_deploy() -> None:
    day = make_quiet_day(1)
    assert day.samples[-1].at - START > 23.5 * 3600
    assert {each.commit for each in day.samples} == {"old", "new"}


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """Make a benchmark of one series: level for 400 points, ten times as high for 20."""
    begin = datetime(2026, 1, 1)  # noqa: DTZ001  as the benchmark writes it
    rows = ["timestamp,value"]
    for number in range(500):
        value = 1_000 if 400 <= number < 420 else 100 + number % 7
        rows.append(f"{begin + timedelta(minutes=5 * number)},{value}")
    (tmp_path / "realKnownCause").mkdir()
    (tmp_path / "realKnownCause/made_up.csv").write_text("\n".join(rows))
    span = [str(begin + timedelta(minutes=5 * number)) for number in (395, 425)]
    labels = {"realKnownCause/made_up.csv": [span]}
    (tmp_path / "combined_windows.json").write_text(json.dumps(labels))
    return tmp_path


@pytest.mark.parametrize(
    "finder", [_detection_nab.make_latency_finder(2.0), _detection_nab.find_by_ewma]
)
def test_a_window_is_found_and_nothing_else(series: Path, finder: _detection_nab.Finder) -> None:
    assert _detection_nab.score_finder(series, finder) == (1, 1, 0)


def test_the_repository_carries_the_benchmark(tmp_path: Path) -> None:
    with zipfile.ZipFile(NAB) as archive:
        archive.extractall(tmp_path)
    assert "Numenta" in (tmp_path / "LICENSE.txt").read_text()
    assert _detection_nab.score_finder(tmp_path, lambda _: ()) == (0, 49, 0)


def test_alarms_in_no_window_are_false_and_those_close_together_are_one(series: Path) -> None:
    def wrong(values: object) -> list[float]:
        at = datetime.fromisoformat("2026-01-02T00:00:00+00:00").timestamp()
        return [at - 80_000, at, at + 600, at + 1_200, at + 9_000]

    assert _detection_nab.score_finder(series, wrong) == (0, 1, 2)


def test_a_line_tells_what_was_found_and_what_it_cost() -> None:
    row = Quality(
        bench="detection-quality", name="error burst", ours=160, found=34, of=35, false=3,
        days=15, records=6, reported=2,
    )  # fmt: skip
    assert "34 of 35  found" in row.line
    assert "0.20 false a day" in row.line


@pytest.mark.parametrize("contender", ["ours", "counter"])
def test_a_contender_is_measured_in_a_process_of_its_own(contender: str) -> None:
    done = subprocess.run(
        [sys.executable, _detection_child.__file__, contender, "10", "300"],
        env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert set(told) == {"seconds", "megabytes"}
    assert told["seconds"] < 0.01

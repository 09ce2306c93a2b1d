"""Occasional failures are reported only if they rise above their own past."""

from collections.abc import Iterator

import pytest

from bot.detection import Detector, DetectorState
from bot.detection.hourly_counts import HourlyCounts
from bot.domain.anomaly import Rule
from bot.domain.samples import Sample
from bot.domain.thresholds import Thresholds
from tests.support.streams import (
    HOUR,
    MINUTE,
    T0,
    detect_anomalies,
    generate_failing,
    generate_steady,
    make_sample,
)

REPEATED = Thresholds(error_rate=None, latency=None)
HALF_A_DAY = 12 * HOUR


def usual(
    start: float, end: float, every: float, of: int = 200, **about: object
) -> Iterator[Sample]:
    """Yield actions of which one in so many fails."""
    number, at = 0, start
    while at < end:
        number += 1
        yield make_sample(at, "error" if number % of == 0 else "ok", **about)
        at += every


@pytest.fixture
def detector() -> Detector:
    """One that has seen half a day in which 5 of 1,000 failed: two in an hour."""
    detector = Detector(REPEATED)
    assert detect_anomalies(detector, usual(0, HALF_A_DAY, 10)) == []
    return detector


def test_ten_times_the_load_brings_ten_times_the_failures_and_that_is_usual(
    detector: Detector,
) -> None:
    busy = list(usual(HALF_A_DAY, HALF_A_DAY + 40 * MINUTE, 0.5))
    assert sum(each.is_failure for each in busy) == 24  # six in ten minutes
    assert detect_anomalies(detector, busy) == []


def test_a_rise_above_its_own_past_is_told(detector: Detector) -> None:
    [anomaly] = detect_anomalies(detector, usual(HALF_A_DAY, HALF_A_DAY + 10 * MINUTE, 0.5, of=50))
    assert (anomaly.rule, anomaly.threshold) == (Rule.REPEATED_ERROR, 5)
    assert anomaly.value >= 5


def test_without_more_load_the_fifth_in_ten_minutes_is_told(detector: Detector) -> None:
    assert len(detect_anomalies(detector, generate_failing(HALF_A_DAY, 5, 60.0))) == 1


def test_another_failure_of_the_same_kind_is_told_though_one_is_usual(detector: Detector) -> None:
    [anomaly] = detect_anomalies(
        detector, usual(HALF_A_DAY, HALF_A_DAY + 10 * MINUTE, 0.5, fingerprint="f2")
    )
    assert anomaly.fingerprint == "f2"


def test_what_is_usual_is_known_after_a_restart(detector: Detector) -> None:
    stored = DetectorState.model_validate_json(detector.build_state().model_dump_json())
    busy = usual(HALF_A_DAY, HALF_A_DAY + 40 * MINUTE, 0.5)
    assert detect_anomalies(Detector(REPEATED, stored), busy) == []


def test_what_fails_more_often_than_now_and_then_is_told_however_long_it_has() -> None:
    detector = Detector(REPEATED)
    detect_anomalies(detector, usual(0, HALF_A_DAY, 60, of=6))
    assert (
        len(detect_anomalies(detector, usual(HALF_A_DAY, HALF_A_DAY + 10 * MINUTE, 10, of=6))) == 1
    )


def test_an_hour_of_it_makes_nothing_usual() -> None:
    detector = Detector(REPEATED)
    detect_anomalies(detector, usual(0, 80 * MINUTE, 10))
    assert len(detect_anomalies(detector, usual(4 * HOUR, 4 * HOUR + 10 * MINUTE, 0.5))) == 1


def test_what_was_not_seen_for_a_day_has_no_past(detector: Detector) -> None:
    late = HALF_A_DAY + 26 * HOUR
    detect_anomalies(detector, generate_steady(HALF_A_DAY, late, 300))
    assert len(detect_anomalies(detector, usual(late, late + 10 * MINUTE, 0.5))) == 1


def test_where_only_failures_are_journalled_the_past_is_measured_by_time() -> None:
    about = {"event": "listener.on_message", "kind": "listener"}
    detector = Detector(REPEATED)
    assert (
        detect_anomalies(detector, generate_failing(0, 120, 360.0, **about)) == []
    )  # ten in an hour
    assert detect_anomalies(detector, generate_failing(HALF_A_DAY, 5, 120.0, **about)) == []
    assert (
        len(detect_anomalies(detector, generate_failing(HALF_A_DAY + HOUR, 10, 20.0, **about))) == 1
    )


def test_what_rose_is_quiet_when_it_is_as_rare_as_before(detector: Detector) -> None:
    detect_anomalies(detector, usual(HALF_A_DAY, HALF_A_DAY + 10 * MINUTE, 0.5, of=50))
    detect_anomalies(detector, usual(HALF_A_DAY + 10 * MINUTE, HALF_A_DAY + 2 * HOUR, 5))
    since = detector.get_quiet_since(Rule.REPEATED_ERROR, "command.roll", "f1")
    assert since is not None
    assert HALF_A_DAY < since - T0 < HALF_A_DAY + 25 * MINUTE


def test_a_failure_without_a_past_is_quiet_when_there_is_none_of_it() -> None:
    detector = Detector(REPEATED)
    detect_anomalies(
        detector,
        [*generate_failing(0, 5), *generate_steady(10, 6 * HOUR), *generate_failing(6 * HOUR, 1)],
    )
    assert detector.get_quiet_since(Rule.REPEATED_ERROR, "command.roll", "f1") == T0 + 6 * HOUR


def test_a_failure_that_goes_on_for_a_day_is_what_is_usual_now() -> None:
    detector = Detector(REPEATED)
    detect_anomalies(detector, generate_failing(0, 5))
    detect_anomalies(detector, usual(10, 20 * HOUR, 10))
    since = detector.get_quiet_since(Rule.REPEATED_ERROR, "command.roll", "f1")
    assert since is not None
    assert since > T0 + 19 * HOUR
    detect_anomalies(detector, usual(20 * HOUR, 25 * HOUR, 10))
    assert detector.get_quiet_since(Rule.REPEATED_ERROR, "command.roll", "f1") == T0 + 4


def test_hours_hold_a_day_take_late_ones_and_go_back_with_the_clock() -> None:
    counts = HourlyCounts()
    for hour in (0, 2, 1, 2, 30):
        counts.add(hour * HOUR, max(hour, 2) * HOUR)
    assert [tuple(each) for each in counts.slots] == [(30, 1)]
    for hour in (28, 29, 28):
        counts.add(hour * HOUR, 30 * HOUR)
    assert counts.count_before(30 * HOUR, 30 * HOUR) == (3, 2, 28)
    counts.add(2 * HOUR, 30 * HOUR)  # too old by now
    counts.rewind(29.5 * HOUR)
    assert [tuple(each) for each in counts.slots] == [(28, 2), (29, 1)]

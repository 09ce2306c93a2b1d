"""Clocks that are wrong, and records out of order, break no window."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detection import Detector
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

YEAR = 365 * 24 * HOUR
FAULT = sorted(
    [*generate_steady(0, 30 * MINUTE), *generate_failing(20 * MINUTE, 30, 7.0)],
    key=lambda each: each.at,
)


def found(samples: list[Sample]) -> list[tuple[Rule, float]]:
    return [
        (each.rule, each.at.timestamp())
        for each in detect_anomalies(Detector(Thresholds()), samples)
    ]


@settings(max_examples=10)
@given(st.integers(1, len(FAULT) - 1), st.floats(11 * MINUTE, YEAR), st.sampled_from([1, -1]))
def test_one_record_with_a_wrong_time_changes_nothing(
    place: int, by: float, direction: int
) -> None:
    at = FAULT[place - 1].at - T0
    odd = make_sample(at + direction * by, "error", id="odd")
    assert found([*FAULT[:place], odd, *FAULT[place:]]) == found(FAULT)


@settings(max_examples=10)
@given(st.integers())
def test_records_some_seconds_out_of_order_are_judged_alike(seed: int) -> None:
    chance = random.Random(seed)
    shuffled = sorted(FAULT, key=lambda each: each.at + chance.uniform(-15, 15))
    assert [rule for rule, _ in found(shuffled)] == [rule for rule, _ in found(FAULT)]
    for (_, at), (_, wanted) in zip(found(shuffled), found(FAULT), strict=True):
        assert at == pytest.approx(wanted, abs=40)


@settings(max_examples=10)
@given(st.integers())
def test_a_quiet_log_stays_quiet_in_whatever_order(seed: int) -> None:
    chance = random.Random(seed)
    quiet = [*generate_steady(0, 2 * HOUR), *generate_failing(0, 8, 15 * MINUTE)]
    assert found(sorted(quiet, key=lambda each: each.at + chance.uniform(-300, 300))) == []


def test_late_records_count_in_the_window_they_belong_to() -> None:
    late = [
        *generate_failing(0, 2),
        *generate_steady(8 * MINUTE, 8.5 * MINUTE),
        *generate_failing(MINUTE, 3),
    ]
    assert [rule for rule, _ in found(late)] == [Rule.REPEATED_ERROR]
    too_late = [
        *generate_failing(0, 2),
        *generate_steady(9 * MINUTE, 12 * MINUTE),
        *generate_failing(MINUTE, 9),
    ]
    assert found(too_late) == []


@pytest.mark.parametrize("by", [-HOUR, HOUR, -YEAR])
def test_a_clock_that_was_set_stops_detection_for_a_few_records(by: float) -> None:
    detector = Detector(Thresholds())
    assert detect_anomalies(detector, generate_steady(0, 2 * HOUR)) == []
    rules = [each.rule for each in detect_anomalies(detector, generate_failing(2 * HOUR + by, 10))]
    assert rules == [Rule.REPEATED_ERROR, Rule.ERROR_RATE]


def test_a_clock_that_goes_forth_and_back_leaves_the_windows_as_they_were() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, generate_steady(0, HOUR))
    detect_anomalies(detector, generate_failing(HOUR, 4))
    assert (
        detect_anomalies(detector, generate_steady(3 * HOUR, 3 * HOUR + 30, event="command.poll"))
        == []
    )
    assert detector.now == T0 + 3 * HOUR + 20
    detect_anomalies(detector, generate_steady(HOUR + 5, HOUR + 105, event="command.poll"))
    assert detector.now == T0 + HOUR + 95
    assert [each.value for each in detect_anomalies(detector, generate_failing(HOUR + 110, 1))] == [
        5.0
    ]


def test_a_silence_is_no_reason_to_miss_what_comes_after() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, generate_steady(0, HOUR))
    assert len(detect_anomalies(detector, generate_failing(9 * HOUR, 5))) == 1


def test_where_a_clock_ticks_a_record_after_a_silence_counts_at_once() -> None:
    detector = Detector(Thresholds.model_validate({"repeated_error": {"times": 2}}))
    detect_anomalies(detector, generate_steady(0, HOUR))
    assert detector.tick(T0 + HOUR) == ()
    assert detect_anomalies(detector, generate_failing(9 * HOUR, 2)) == []
    assert [each.rule for each in detector.tick(T0 + 9 * HOUR + 2)] == [Rule.REPEATED_ERROR]


def test_where_a_clock_ticks_old_records_do_not_move_the_time() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, generate_steady(0, HOUR))
    detector.tick(T0 + HOUR)
    assert detect_anomalies(detector, generate_failing(-HOUR, 20)) == []
    assert detector.now == T0 + HOUR


def test_a_clock_that_was_set_back_by_an_hour_moves_the_time_back() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, generate_steady(0, 2 * HOUR))
    detector.tick(T0 + 2 * HOUR)
    detector.tick(T0 + HOUR)
    assert len(detect_anomalies(detector, generate_failing(HOUR, 5))) == 1

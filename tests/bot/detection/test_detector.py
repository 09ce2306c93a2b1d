"""The detection rules: what they report, when, how often, and what they ignore."""

import random
from collections.abc import Iterator

import pytest

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
    get_seconds,
    make_sample,
)

ONLY_RATE = Thresholds(repeated_error=None, latency=None)
ONLY_REPEATED = Thresholds(error_rate=None, latency=None)
DAY = 24 * HOUR


def merged(*streams: Iterator[Sample]) -> list[Sample]:
    return sorted((each for stream in streams for each in stream), key=lambda each: each.at)


# --------------------------------------------------------------------------------------- error rate


def test_a_share_of_failures_is_told_when_it_is_over_with_volume_and_evidence() -> None:
    detector = Detector(ONLY_RATE)
    assert (
        detect_anomalies(detector, [*generate_steady(0, 70), *generate_failing(70, 3)]) == []
    )  # 30 % is not over 30 %
    (anomaly,) = detect_anomalies(detector, generate_failing(73, 1))
    assert (anomaly.rule, anomaly.event, anomaly.fingerprint) == (
        Rule.ERROR_RATE, "command.roll", None,
    )  # fmt: skip
    assert (anomaly.value, anomaly.threshold, anomaly.volume) == (4 / 11, 0.3, 11)
    assert get_seconds(anomaly) == 73
    assert anomaly.evidence == ("id-73.000", "id-72.000", "id-71.000", "id-70.000")


def test_too_few_actions_are_no_share() -> None:
    assert detect_anomalies(Detector(ONLY_RATE), generate_failing(0, 9)) == []
    assert len(detect_anomalies(Detector(ONLY_RATE), generate_failing(0, 10))) == 1


def test_a_share_of_all_is_reached_when_all_fail() -> None:
    thresholds = Thresholds.model_validate({"error_rate": {"share": 1}, "repeated_error": None})
    assert len(detect_anomalies(Detector(thresholds), generate_failing(0, 10))) == 1
    assert detect_anomalies(Detector(thresholds), [make_sample(0), *generate_failing(1, 50)]) == []


def test_the_action_that_makes_it_enough_may_be_one_that_went_well() -> None:
    assert (
        len(detect_anomalies(Detector(ONLY_RATE), [*generate_failing(0, 9), make_sample(10)])) == 1
    )


def test_a_timeout_is_a_failure_and_a_cancellation_is_none() -> None:
    assert (
        len(detect_anomalies(Detector(ONLY_RATE), [make_sample(n, "timeout") for n in range(10)]))
        == 1
    )
    assert (
        detect_anomalies(Detector(ONLY_RATE), [make_sample(n, "cancelled") for n in range(30)])
        == []
    )


def test_what_lies_before_the_window_does_not_count() -> None:
    detector = Detector(ONLY_RATE)
    detect_anomalies(detector, generate_failing(0, 9))
    assert detect_anomalies(detector, generate_steady(11 * MINUTE, 14 * MINUTE)) == []


def test_kinds_are_judged_apart() -> None:
    each = [generate_failing(0, 5, event=f"command.{name}") for name in "abcd"]
    assert detect_anomalies(Detector(ONLY_RATE), merged(*each)) == []


# ----------------------------------------------------------------------------------- repeated error


def test_the_same_failure_five_times_in_ten_minutes_is_told() -> None:
    (anomaly,) = detect_anomalies(Detector(ONLY_REPEATED), generate_failing(0, 5, 149.0))
    assert (anomaly.rule, anomaly.fingerprint, anomaly.value) == (Rule.REPEATED_ERROR, "f1", 5)
    assert len(anomaly.evidence) == 5
    assert detect_anomalies(Detector(ONLY_REPEATED), generate_failing(0, 9, 156.0)) == []


def test_other_failures_are_not_the_same() -> None:
    different = [make_sample(n, "error", fingerprint=f"f{n}") for n in range(50)]
    unknown = [make_sample(60 + n, "error", fingerprint=None) for n in range(50)]
    assert detect_anomalies(Detector(ONLY_REPEATED), [*different, *unknown]) == []


# ------------------------------------------------------------------------------------------ latency


def lasting(start: float, end: float, usual: float, seed: int = 1) -> Iterator[Sample]:
    chance = random.Random(seed)
    for each in generate_steady(start, end):
        yield each._replace(duration_ms=usual * chance.lognormvariate(0, 0.3))


def test_what_takes_three_times_as_long_as_usual_is_told_with_both() -> None:
    detector = Detector(Thresholds())
    assert detect_anomalies(detector, lasting(0, 2 * HOUR, 100)) == []
    (anomaly,) = detect_anomalies(detector, lasting(2 * HOUR, 3 * HOUR, 300))
    assert anomaly.rule is Rule.LATENCY
    assert anomaly.baseline == pytest.approx(160, rel=0.15)
    assert anomaly.threshold == pytest.approx(2 * (anomaly.baseline or 0))
    assert anomaly.value > anomaly.threshold
    assert get_seconds(anomaly) < 2 * HOUR + 3 * MINUTE
    assert anomaly.evidence


def test_the_baseline_holds_neither_the_window_nor_the_fault() -> None:
    detector = Detector(Thresholds.model_validate({"cooldown_minutes": 0}))
    detect_anomalies(detector, lasting(0, 2 * HOUR, 100))
    found = detect_anomalies(detector, lasting(2 * HOUR, 6 * HOUR, 300))
    assert found[-1].baseline == pytest.approx(found[0].baseline, rel=0.05)
    assert get_seconds(found[-1]) > 6 * HOUR - MINUTE


def test_what_stays_slow_for_all_of_the_baseline_is_the_new_usual() -> None:
    detector = Detector(Thresholds.model_validate({"latency": {"baseline_hours": 3}}))
    detect_anomalies(detector, lasting(0, 3 * HOUR, 100))
    assert detect_anomalies(detector, lasting(3 * HOUR, 9 * HOUR, 300))
    assert detect_anomalies(detector, lasting(9 * HOUR, 14 * HOUR, 300)) == []
    assert detect_anomalies(detector, lasting(14 * HOUR, 15 * HOUR, 900))


def test_without_enough_on_both_sides_nothing_is_slow() -> None:
    few_before = [*generate_steady(0, 150), *lasting(15 * MINUTE, 25 * MINUTE, 900)]
    few_now = [
        *lasting(0, 2 * HOUR, 100),
        *generate_steady(9 * HOUR, 9 * HOUR + 180, duration_ms=900.0),
    ]
    assert detect_anomalies(Detector(Thresholds()), few_before) == []
    assert detect_anomalies(Detector(Thresholds()), few_now) == []


def test_quicker_than_the_floor_is_never_slow() -> None:
    detector = Detector(Thresholds())
    assert (
        detect_anomalies(detector, [*lasting(0, 2 * HOUR, 1), *lasting(2 * HOUR, 3 * HOUR, 8)])
        == []
    )


def test_failures_and_numbers_that_are_none_do_not_make_it_slow() -> None:
    detector = Detector(Thresholds(error_rate=None, repeated_error=None))
    detect_anomalies(detector, lasting(0, 2 * HOUR, 100))
    odd = [float("nan"), float("inf"), -5.0, None]
    strange = [make_sample(2 * HOUR + n, duration_ms=odd[n % 4]) for n in range(100)]
    late = generate_failing(2 * HOUR + 100, 100, duration_ms=9_000.0)
    assert detect_anomalies(detector, [*strange, *late]) == []


def test_a_few_slow_ones_among_twenty_are_chance() -> None:
    chance = random.Random(4)
    spread = (
        each._replace(duration_ms=100 * chance.lognormvariate(0, 1))
        for each in generate_steady(0, DAY, 27)
    )
    assert detect_anomalies(Detector(Thresholds()), spread) == []


# --------------------------------------------------------------------------- told once, told at all


def test_what_goes_on_is_told_again_only_after_the_cooldown() -> None:
    found = detect_anomalies(Detector(ONLY_REPEATED), generate_failing(0, 3 * 60, 60.0))
    assert [get_seconds(each) for each in found] == [240, 3_840, 7_440]


def test_a_kind_that_comes_and_goes_is_told_once_an_hour_at_most() -> None:
    flapping = merged(
        *(generate_failing(minute * MINUTE, 20) for minute in range(0, 240, 5)),
        generate_steady(0, 4 * HOUR, 7),
    )
    keys = [each.key for each in detect_anomalies(Detector(Thresholds()), flapping)]
    assert set(keys) == {"error_rate:command.roll:", "repeated_error:command.roll:f1"}
    assert len(keys) <= 8


def test_the_bots_own_improvement_work_is_not_judged_nor_counted() -> None:
    own = (each._replace(own=True) for each in generate_failing(0, 100))
    detector = Detector(Thresholds())
    assert detect_anomalies(detector, own) == []
    assert (
        detect_anomalies(detector, [*generate_steady(101, 161, 1.0), *generate_failing(161, 4)])
        == []
    )


def test_after_a_deploy_nothing_is_told_until_the_code_has_settled() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, generate_steady(0, HOUR, commit="old"))
    assert detect_anomalies(detector, generate_failing(HOUR, 60, 2.9, commit="new")) == []
    assert [each.commit for each in detector.deploys] == ["new"]
    rules = {
        each.rule
        for each in detect_anomalies(detector, generate_failing(HOUR + 181, 1, commit="new"))
    }
    assert rules == {Rule.REPEATED_ERROR, Rule.ERROR_RATE}


def test_a_share_that_was_high_only_while_code_came_live_is_not_told() -> None:
    detector = Detector(ONLY_RATE)
    detect_anomalies(detector, generate_steady(0, HOUR, commit="old"))
    assert detect_anomalies(detector, generate_failing(HOUR, 60, commit="new")) == []
    assert (
        detect_anomalies(detector, generate_steady(HOUR + 60, HOUR + 600, 0.5, commit="new")) == []
    )


def test_what_crossed_while_code_came_live_is_told_by_time_alone() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(
        detector, [make_sample(0, commit="old"), *generate_failing(10, 5, commit="new")]
    )
    assert detector.tick(T0 + 100) == ()
    assert [each.rule for each in detector.tick(T0 + 200)] == [Rule.REPEATED_ERROR]
    assert detector.tick(T0 + 300) == ()


def test_what_is_over_when_the_code_has_settled_is_not_told() -> None:
    thresholds = Thresholds.model_validate(
        {"after_deploy_minutes": 15, "repeated_error": {"minutes": 5}}
    )
    detector = Detector(thresholds)
    detect_anomalies(
        detector, [make_sample(0, commit="old"), *generate_failing(10, 5, commit="new")]
    )
    assert detector.tick(T0 + 16 * MINUTE) == ()


def test_records_of_old_and_new_code_that_alternate_are_one_deploy() -> None:
    detector = Detector(Thresholds())
    both = [make_sample(n, commit="old" if n % 2 else "new") for n in range(1, 600)]
    detect_anomalies(detector, both)
    assert len(detector.deploys) == 1


def test_going_back_to_old_code_is_a_deploy_too() -> None:
    detector = Detector(Thresholds())
    for start, commit in ((0, "old"), (HOUR, "new"), (2 * HOUR, "old")):
        detect_anomalies(detector, generate_steady(start, start + 30 * MINUTE, commit=commit))
    assert [each.commit for each in detector.deploys] == ["new", "old"]


# ---------------------------------------------------------------------------------------- overrides


def test_the_first_override_that_fits_counts_and_the_rest_is_as_for_all() -> None:
    thresholds = Thresholds.model_validate(
        {
            "error_rate": None,
            "repeated_error": {"times": 7},
            "overrides": [
                {"events": "command.roll*", "repeated_error": {"minutes": 60}},
                {"events": "command.*", "repeated_error": None},
            ],
        }
    )
    detector = Detector(thresholds)
    assert [
        get_seconds(each) for each in detect_anomalies(detector, generate_failing(0, 7, 500.0))
    ] == [3_000]
    assert detect_anomalies(detector, generate_failing(4_000, 50, event="command.poll")) == []
    assert len(detect_anomalies(detector, generate_failing(5_000, 10, event="task.sweep"))) == 1


# ------------------------------------------------------------------------------ what can be asked


def test_it_says_since_when_it_is_quiet() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, merged(generate_steady(0, HOUR), generate_failing(HOUR / 2, 30)))
    assert detector.get_quiet_since(Rule.REPEATED_ERROR, "command.roll", "f1") == T0 + 1_829
    still = detector.get_quiet_since(Rule.ERROR_RATE, "command.roll")
    assert still is not None
    assert T0 + 1_829 <= still < T0 + 2_500
    assert detector.get_quiet_since(Rule.LATENCY, "command.roll") is None
    assert detector.get_quiet_since(Rule.ERROR_RATE, "command.other") is None


def test_it_counts_failures_since_then() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(
        detector,
        [
            *generate_failing(0, 7),
            *generate_failing(8, 3, fingerprint="f2"),
            *generate_failing(HOUR, 3),
        ],
    )
    assert detector.count_failures("command.roll", None, T0) == 13
    assert detector.count_failures("command.roll", "f1", T0) == 10
    assert detector.count_failures("command.roll", "f1", T0 + HOUR) == 3
    assert detector.count_failures("command.other", None, T0) == 0


def test_a_chart_has_points_of_the_last_three_hours() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, merged(lasting(0, 5 * HOUR, 100), generate_failing(4.5 * HOUR, 30)))
    latency = detector.build_series(Rule.LATENCY, "command.roll")
    share = detector.build_series(Rule.ERROR_RATE, "command.roll")
    count = detector.build_series(Rule.REPEATED_ERROR, "command.roll", "f1")
    assert len(latency) == len(share) == 36
    assert all(100 < point.value < 250 for point in latency)
    assert [point.value for point in share if point.value] == [pytest.approx(0.5)]
    assert [point.value for point in count] == [30, *[0] * (len(count) - 1)]
    assert len(count) >= 6
    assert [point.at for point in share] == sorted(point.at for point in share)

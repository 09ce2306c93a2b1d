"""A restart changes nothing, and memory stays small whatever happens."""

import random
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detection import Detector, DetectorState
from bot.domain.anomaly import Anomaly, Rule
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

NOISY = Thresholds.model_validate({"cooldown_minutes": 20, "latency": {"baseline_hours": 2}})


def busy(seed: int, count: int = 1_500) -> list[Sample]:
    """Return hours of several kinds, with faults, slow times and a deploy."""
    chance = random.Random(seed)
    made, at = [], 0.0
    for number in range(count):
        at += chance.expovariate(1 / 8)
        bad = chance.random() < (0.5 if 600 < number % 800 < 700 else 0.03)
        slow = 4 if number % 700 > 550 else 1
        made.append(
            make_sample(
                at - chance.uniform(0, 5),
                "error" if bad else "ok",
                event=f"command.k{chance.randrange(3)}",
                duration_ms=100 * slow * chance.lognormvariate(0, 0.4),
                commit="new" if number > 1_000 else "old",
                id=f"{number:06d}",
            )
        )
    return made


def restarted(detector: Detector, thresholds: Thresholds) -> Detector:
    """Return one that knows what the other stored."""
    stored = detector.build_state().model_dump_json()
    return Detector(thresholds, DetectorState.model_validate_json(stored))


def without_evidence(found: list[Anomaly]) -> list[Anomaly]:
    """Of slow actions it may leave out a few, from before the limit was known again."""
    return [each.replace(evidence=()) if each.rule is Rule.LATENCY else each for each in found]


STREAM = busy(11)
UNBROKEN = detect_anomalies(Detector(NOISY), STREAM)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), min_size=1, max_size=5))
def test_five_restarts_tell_the_same_as_none(places: list[int]) -> None:
    detector, found = Detector(NOISY), list[Anomaly]()
    for number, each in enumerate(STREAM):
        if number in places:
            detector = restarted(detector, NOISY)
        found += detector.see(each)
    assert without_evidence(found) == without_evidence(UNBROKEN)
    assert all(each.evidence for each in found)


def test_the_stream_of_these_tests_has_something_of_everything() -> None:
    assert {each.rule.value for each in UNBROKEN} == {"error_rate", "repeated_error", "latency"}


def test_what_was_told_is_not_told_again_after_a_restart() -> None:
    thresholds = Thresholds(error_rate=None)
    detector = Detector(thresholds)
    assert detect_anomalies(detector, generate_failing(0, 5))
    for number in range(5):
        detector = restarted(detector, thresholds)
        assert detect_anomalies(detector, generate_failing(10 + number, 1)) == []


def test_other_code_after_a_restart_is_a_deploy() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, generate_steady(0, HOUR, commit="old"))
    detector = restarted(detector, Thresholds())
    assert detect_anomalies(detector, generate_failing(HOUR, 9, commit="new")) == []
    detector = restarted(detector, Thresholds())
    assert [each.rule.value for each in detector.tick(T0 + HOUR + 200)] == ["repeated_error"]


def test_other_thresholds_take_over_what_fits_them() -> None:
    detector = Detector(Thresholds())
    detect_anomalies(detector, generate_steady(0, 2 * HOUR))
    changed = Thresholds.model_validate(
        {"error_rate": {"minutes": 5}, "latency": {"minutes": 5}, "overrides": []}
    )
    detector = restarted(detector, changed)
    slow = detect_anomalies(
        detector, generate_steady(2 * HOUR, 2 * HOUR + 10 * MINUTE, duration_ms=400.0)
    )
    assert [each.rule.value for each in slow] == ["latency"]


def flood(kinds: int, every: int) -> Iterator[Sample]:
    """Yield failures of as many kinds and fingerprints, and now and then one that matters."""
    for number in range(kinds):
        yield make_sample(
            number * 0.05, "error", event=f"command.{number}", fingerprint=f"f{number}"
        )
        if number % every == 0:
            yield make_sample(number * 0.05, "error", event="command.roll")


def test_memory_is_bounded_and_a_fault_is_found_in_a_flood_of_kinds() -> None:
    detector = Detector(Thresholds(events_kept=100))
    detect_anomalies(detector, flood(1_000, 3_000))
    tracemalloc.start()
    found = detect_anomalies(detector, flood(2_000, 120))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [each.key for each in found] == [
        "repeated_error:command.roll:f1", "error_rate:command.roll:",
    ]  # fmt: skip
    assert grown < 1_000_000
    state = detector.build_state()
    assert len(state.kinds) <= 100
    assert len(state.failures) <= 100
    assert len(state.model_dump_json()) < 100_000


def test_state_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="packed sketch"):
        DetectorState.model_validate(
            {"kinds": [{"event": "a", "seen": 1, "durations": [(1, "not base 64")]}]}
        )

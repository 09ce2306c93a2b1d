"""Windows hold what is young enough, in whatever order it comes; baselines what has left them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detection.durations import Durations, bound_chance
from bot.detection.sketch import find_bin
from bot.detection.sliding_window import BUCKETS, SLOTS, CountHistory, SlidingWindow
from bot.domain.thresholds import Latency
from tests.support.streams import HOUR, MINUTE, T0

WINDOW = 600.0
BUCKET = WINDOW / BUCKETS
steps = st.lists(
    st.tuples(st.floats(0, 200), st.floats(0, 900), st.booleans()), min_size=1, max_size=40
)


@settings(max_examples=40)
@given(steps)
def test_a_window_never_leaves_out_what_is_young_nor_holds_what_is_old(
    each: list[tuple[float, float, bool]],
) -> None:
    window, now, seen = SlidingWindow(WINDOW), T0, list[tuple[float, bool]]()
    for ahead, late, failed in each:
        now += ahead
        window.add(now - late, now, failed)
        seen.append((now - late, failed))
        young = [bad for at, bad in seen if at > now - WINDOW]
        perhaps = [bad for at, bad in seen if at >= now - WINDOW - BUCKET]
        assert len(young) <= window.actions <= len(perhaps)
        assert sum(young) <= window.failures <= sum(perhaps)
        assert len(window.buckets) <= BUCKETS + 1
        numbers = [number for number, _, _ in window.buckets]
        assert numbers == sorted(set(numbers))


@settings(max_examples=40)
@given(steps, st.floats(0, 2_000))
def test_a_window_set_back_holds_nothing_from_the_future(
    each: list[tuple[float, float, bool]], back: float
) -> None:
    window, now = SlidingWindow(WINDOW), T0
    for ahead, late, failed in each:
        now += ahead
        window.add(now - late, now, failed)
    window.rewind(now - back)
    assert all(number * BUCKET <= now - back for number, _, _ in window.buckets)
    assert window.actions == sum(actions for _, actions, _ in window.buckets)
    assert window.failures == sum(failures for _, _, failures in window.buckets)


def test_a_history_is_bounded_and_knows_p95_of_each_slot() -> None:
    history = CountHistory()
    for minute in range(600):
        history.add(T0 + minute * MINUTE, minute % 10 == 0, find_bin(100 + minute))
    assert len(history.slots) == SLOTS
    history.close()
    assert [slot.p95 for slot in history.slots] == sorted(slot.p95 for slot in history.slots)
    assert history.slots[-1].p95 == pytest.approx(699, rel=0.03)
    history.rewind(T0 + 599 * MINUTE - HOUR)
    assert len(history.slots) == SLOTS - 12


def filled(start: float, end: float, ms: float, wrong: float = 0.0) -> Durations:
    """Return durations with one action every ten seconds."""
    made, at = Durations(Latency(baseline_hours=2)), start
    while at < end:
        made.roll(at, wrong)
        made.add(find_bin(ms), at, at)
        at += 10
    return made


def in_baseline(durations: Durations) -> int:
    return sum(len(packed) > 0 for _, packed in durations.iterate_slots())


def test_what_has_left_the_window_is_the_baseline_and_leaves_it_too() -> None:
    made = filled(T0, T0 + 9 * MINUTE, 100)
    assert in_baseline(made) == 0
    made.roll(T0 + 30 * MINUTE, 0)
    assert in_baseline(made) > 0
    made.roll(T0 + 3 * HOUR, 0)
    assert in_baseline(made) == 0


def test_what_is_too_late_for_the_window_is_left_out_of_an_empty_one_too() -> None:
    made = Durations(Latency())
    made.add(find_bin(100), T0 - 12 * MINUTE, T0)
    assert list(made.iterate_packed_buckets()) == []


def test_what_happened_while_something_was_wrong_is_no_baseline() -> None:
    made = filled(T0, T0 + HOUR, 100, wrong=T0 + 2 * HOUR)
    made.roll(T0 + 90 * MINUTE, T0 + 2 * HOUR)
    assert in_baseline(made) == 0


def test_durations_set_back_hold_nothing_from_the_future() -> None:
    made = filled(T0, T0 + HOUR, 100)
    for late in range(60):
        made.add(find_bin(900), T0 + HOUR + late, T0 + HOUR)
    made.rewind(T0 + 30 * MINUTE)
    made.roll(T0 + 45 * MINUTE, 0)
    assert made.detect_slowness() is None
    assert all(number * 300 <= T0 + 30 * MINUTE for number, _ in made.iterate_slots())


@pytest.mark.parametrize(
    ("seen", "volume", "expected", "likely"),
    [(20, 20, 0.01, False), (2, 20, 0.02, True), (1, 20, 0.5, True), (400, 1_000, 0.2, False)],
)
def test_chance_tells_a_few_slow_ones_from_many(
    seen: int, volume: int, expected: float, likely: bool
) -> None:
    assert (bound_chance(seen, volume, expected) > 1e-3) is likely

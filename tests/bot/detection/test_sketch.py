"""Quantiles from bins are nearly the exact ones, however they were put together."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detection.sketch import (
    BINS,
    LEAST,
    MOST,
    RELATIVE_ERROR,
    Sketch,
    find_bin,
    from_text,
    to_text,
)

durations = st.lists(st.floats(min_value=LEAST, max_value=MOST), min_size=1, max_size=80)
shares = st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0])


def exact(values: list[float], share: float) -> float:
    return sorted(values)[max(1, math.ceil(share * len(values) - 1e-9)) - 1]


@settings(max_examples=40)
@given(durations, shares)
def test_a_quantile_is_within_its_error_of_the_exact_one(values: list[float], share: float) -> None:
    wanted = exact(values, share)
    assert Sketch(values).compute_quantile(share) == pytest.approx(
        wanted, rel=RELATIVE_ERROR + 1e-9
    )


@settings(max_examples=40)
@given(durations, durations, shares)
def test_merged_sketches_are_the_sketch_of_all(
    ours: list[float], theirs: list[float], share: float
) -> None:
    merged = Sketch(ours)
    merged.merge(Sketch(theirs))
    whole = Sketch(ours + theirs)
    assert (merged.bins, merged.total) == (whole.bins, whole.total)
    assert merged.compute_quantile(share) == whole.compute_quantile(share)


@settings(max_examples=40)
@given(durations, durations)
def test_what_was_merged_can_be_taken_away_again(ours: list[float], theirs: list[float]) -> None:
    sketch = Sketch(ours)
    sketch.merge(Sketch(theirs))
    sketch.subtract(Sketch(theirs))
    assert (sketch.bins, sketch.total) == (Sketch(ours).bins, len(ours))


@settings(max_examples=40)
@given(durations)
def test_a_sketch_survives_being_stored(values: list[float]) -> None:
    stored = Sketch.unpack(from_text(to_text(Sketch(values).pack())))
    assert (stored.bins, stored.total) == (Sketch(values).bins, len(values))


def test_bins_are_bounded_whatever_the_values() -> None:
    chance = random.Random(7)
    sketch = Sketch(10 ** chance.uniform(-300, 300) for _ in range(20_000))
    assert len(sketch.bins) <= BINS < 600
    assert find_bin(0.0) == find_bin(LEAST)
    assert find_bin(1e300) == find_bin(MOST)


def test_an_empty_sketch_has_no_quantiles() -> None:
    assert Sketch().compute_quantile(0.95) == 0.0


@pytest.mark.parametrize("text", ["AAA", "AAAA", "no base 64!"])
def test_what_is_no_sketch_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="packed"):
        from_text(text)


def test_how_many_are_over_a_value_is_told_as_the_quantiles_are() -> None:
    sketch = Sketch([10.0] * 90 + [1000.0] * 10)
    assert (sketch.count_above(500), sketch.count_above(5), sketch.count_above(2000)) == (
        10,
        100,
        0,
    )

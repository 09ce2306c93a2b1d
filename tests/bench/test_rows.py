"""Benchmarks say what they mean, and measure in turns."""

from collections.abc import Awaitable, Callable

import pytest

from bench import BENCHMARKS, run
from bench.rows import Row, format_duration, measure_pairs
from bot.domain.errors import ConfigError


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(38.52, "38.5 s"), (1.0, "1 s"), (0.0931, "93.1 ms"), (1.8e-05, "18 µs"), (0.0, "0 µs")],
)
def test_a_duration_has_a_unit_that_suits_it(seconds: float, told: str) -> None:
    assert format_duration(seconds) == told


def test_a_line_tells_both_times_and_their_ratio() -> None:
    row = Row(
        bench="worktree", name="lend", ours=0.05, baseline=0.1, baseline_name="git clone",
        ratio=0.5, pairs=15,
    )  # fmt: skip
    assert row.line.split() == (
        ["worktree", "lend", "50", "ms", "0.50", "x", "git", "clone", "100", "ms", "(15", "pairs)"]
    )


def test_an_amount_has_its_own_unit_and_a_small_ratio_is_not_told_as_none() -> None:
    row = Row(
        bench="evidence", name="busy", unit="tokens", ours=844, baseline=953_407,
        baseline_name="raw log", ratio=844 / 953_407,
    )  # fmt: skip
    assert row.line.split()[2:] == [
        "844",
        "tokens",
        "0.0009",
        "x",
        "raw",
        "log",
        "953,407",
        "tokens",
    ]


def test_a_line_without_a_baseline_tells_the_share() -> None:
    assert Row(bench="proposal", name="plan", ours=2, share=0.25).line.endswith("2 s     25%")


async def test_pairs_are_measured_in_turns_and_the_first_one_does_not_count() -> None:
    order: list[str] = []

    def takes(name: str, *seconds: float) -> Callable[[], Awaitable[float]]:
        left = iter(seconds)

        async def measured() -> float:
            order.append(name)
            return next(left)

        return measured

    medians = await measure_pairs(takes("ours", 99, 1, 2, 6), takes("theirs", 1, 2, 4, 3), pairs=3)

    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert medians == (2, 3, 0.5)


async def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"--only speed: .*Known: journal, worktree"):
        await run("speed")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["journal", "evidence"])
async def test_the_quick_ones_measure_something(name: str) -> None:
    rows = await BENCHMARKS[name]()
    assert len(rows) == 2
    assert all(row.ratio and row.baseline for row in rows)

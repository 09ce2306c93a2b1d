"""Time limits of tests, derived from the slowest passing test once it is known."""

from collections.abc import Sequence

from theseus_repair.runner import TestRecord, TimeLimits

# Shares of the total time for one test, as long as no test was measured.
FIRST_CPU, FIRST_WALL = 1 / 20, 1 / 4
IMPORTING = 1 / 15  # share of the total time for the import of one other test file
# Seconds that every test gets: below them, start-up and a busy machine count more than the test.
CPU_FLOOR, WALL_FLOOR = 1.0, 6.0
TRACED = 20  # coverage makes a test at most this many times slower
SLOWER = 4  # a busy machine makes a test at most this many times slower
CANDIDATE_CPU_FLOOR = 0.5


def compute_first_limits(seconds: float) -> TimeLimits:
    """Return the limits of the first run, given the total seconds.

    The wall clock ends a test that waits for ever, processor time one that computes for ever.
    """
    return TimeLimits(max(10.0, FIRST_WALL * seconds), max(3.0, FIRST_CPU * seconds), seconds / 2)


def compute_measured_limits(records: Sequence[TestRecord], seconds: float) -> TimeLimits:
    """Return the limits of later runs of the unchanged tree, with coverage or without."""
    took = find_longest(records)
    cpu = max(CPU_FLOOR, TRACED * took)
    importing = max(3.0, IMPORTING * seconds)
    return TimeLimits(max(WALL_FLOOR, 3 * cpu), cpu, max(20.0, seconds / 2), importing)


def compute_candidate_limits(records: Sequence[TestRecord]) -> tuple[TimeLimits, TimeLimits]:
    """Return the limits of a candidate's runs: of a few tests, and of all of these."""
    took, total = find_longest(records), sum(record.seconds for record in records)
    each = max(WALL_FLOOR, SLOWER * took)
    cpu = max(CANDIDATE_CPU_FLOOR, SLOWER * took)
    return (
        TimeLimits(each, cpu, each * 2 + 20),
        TimeLimits(each, cpu, each * 2 + SLOWER * total + 30),
    )


def find_longest(records: Sequence[TestRecord]) -> float:
    """Return the seconds of the slowest passing test; 0 if none passed."""
    return max((record.seconds for record in records if record.outcome == "passed"), default=0.0)

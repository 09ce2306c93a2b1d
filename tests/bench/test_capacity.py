"""The capacity model computes what queueing theory says, and the shipped figures give its table."""

from itertools import pairwise

import pytest

from bench.capacity import (
    SIZES,
    Assumptions,
    Flow,
    compute_need,
    compute_runs,
    format_needs,
    read_costs,
    simulate,
)


def test_one_server_makes_jobs_wait_as_long_as_theory_says() -> None:
    """With Poisson arrivals and a fixed service, the mean wait is rho * s / (2 * (1 - rho))."""
    station = simulate([Flow(0.5, 1.0), Flow(0.2, 1.0)], 1, 40_000)
    waited = sum(station.waits) / len(station.waits)
    assert station.worked / 40_000 == pytest.approx(0.7, rel=0.03)
    assert waited == pytest.approx(0.7 / (2 * 0.3), rel=0.08)
    assert simulate([Flow(0.7, 1.0)], 2, 40_000).get_wait(0.95) < station.get_wait(0.95)


def test_all_that_arrived_is_served_also_when_too_much_arrives() -> None:
    station = simulate([Flow(3.0, 1.0)], 1, 100)
    assert len(station.waits) == station.worked
    assert station.busy == 0
    assert station.get_wait(1.0) > 100


def test_runs_grow_with_guilds_up_to_the_faults_that_one_code_base_has() -> None:
    assumed = Assumptions()
    assert compute_runs(10, assumed) == pytest.approx(10 * assumed.reports, rel=0.01)
    assert compute_runs(10**7, assumed) == pytest.approx(assumed.faults)


def test_more_guilds_need_no_less_and_the_table_has_a_line_each() -> None:
    costs, assumed = read_costs(), Assumptions()
    needs = [compute_need(guilds, costs, assumed) for guilds in (1, 1_000, 1_000_000)]
    for small, large in pairwise(needs):
        assert small.processes <= large.processes
        assert small.workers <= large.workers
        assert small.machine_usd < large.machine_usd
    assert (needs[0].processes, needs[0].first) == (1, "-")
    assert needs[-1].loop_share / needs[-1].processes <= assumed.loop_share
    assert needs[-1].shards == 400
    assert format_needs(needs).count("\n") == 4
    assert len(SIZES) == 7

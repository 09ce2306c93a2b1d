"""The measurements of the claude engine measure both sides, at their smallest."""

import pytest

from bench import claude, first_token, memory


@pytest.mark.slow
@pytest.mark.exhaustive
async def test_a_whole_run_is_measured_beside_the_bare_sdk_part_by_part() -> None:
    whole, *parts = await claude.measure(pairs=1, paces=[0.0])
    assert whole.ratio is not None
    assert whole.ratio > 0
    assert len(parts) == len(claude.PARTS)
    assert [row.name.strip() for row in parts if row.ratio is None] == ["pull request and card"]
    assert sum(row.ours for row in parts) == pytest.approx(whole.ours, rel=0.05)


@pytest.mark.slow
@pytest.mark.exhaustive
async def test_the_first_token_is_measured_for_an_investigation_and_for_a_fix() -> None:
    investigation, fix = await first_token.measure(pairs=1)
    assert investigation.ratio is not None
    assert fix.ratio is not None
    assert fix.ours > 0


@pytest.mark.slow
@pytest.mark.exhaustive
async def test_memory_grows_with_the_runs_side_by_side() -> None:
    idle, one, two = await memory.measure((1, 2))
    assert 0 < idle.ours < one.ours < two.ours
    assert one.baseline is not None
    assert two.baseline is not None
    assert one.baseline < two.baseline

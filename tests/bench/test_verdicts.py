"""Simulated fixes are called what they are: a smaller set than the benchmark's, with its bounds."""

import pytest

from bench.verdicts import RIGHT, TRUTHS, VerdictRow, build_rows, simulate_fixes


@pytest.fixture(scope="module")
def called() -> dict[str, VerdictRow]:
    fixes = list(simulate_fixes(seed=11, repeats=4, volumes=(30, 100, 400)))
    return {row.name: row for row in build_rows(fixes)}


def test_a_few_hundred_simulated_fixes_are_called_what_they_are(
    called: dict[str, VerdictRow],
) -> None:
    share = {truth: called[f"{truth}: {RIGHT[truth]}"].ours for truth in TRUTHS}
    assert share["no traffic"] == 1.0
    assert min(share.values()) >= 0.7, share
    assert called["all 252 simulated fixes"].ours >= 0.85


def test_what_did_not_hold_is_hardly_ever_called_fixed_nor_a_good_fix_worse(
    called: dict[str, VerdictRow],
) -> None:
    for truth in TRUTHS:
        if truth != "works":
            assert called[f"{truth}: {RIGHT[truth]}"].verdicts.get("fixed", 0) <= 2, truth
    works = called["works: fixed"].verdicts
    assert works.get("regressed", 0) + works.get("not_fixed", 0) <= 1

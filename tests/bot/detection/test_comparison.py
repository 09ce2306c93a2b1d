"""The verdict on a fix follows the numbers, which its text contains."""

import math
from collections.abc import Iterable

import pytest

from bot.detection.comparison import compare, is_decisive_early
from bot.domain.samples import Sample
from bot.domain.watch import Comparison, WatchRules

OLD, NEW = "f1f1", "9e9e"
RULES = WatchRules()


def acts(
    count: int,
    *,
    same: int = 0,
    new: int = 0,
    ms: float = 100.0,
    kind: str = "command",
    ended: str = "ok",
) -> list[Sample]:
    """Return so many actions, of which some failed; durations spread around `ms` by a third."""
    made = []
    for number in range(count):
        failed = OLD if number < same else NEW if number < same + new else None
        made.append(
            Sample(
                at=float(number),
                id=str(number),
                event=f"{kind}.roll",
                kind=kind,
                outcome="error" if failed else ended,
                duration_ms=ms * (1 + math.sin(number * 12.9898) / 3),
                fingerprint=failed,
            )
        )
    return made


def judged(
    before: Iterable[Sample],
    after: Iterable[Sample],
    *,
    minutes: tuple[float, float] = (1_440, 60),
    fingerprint: str | None = OLD,
) -> Comparison:
    return compare(
        before, after, fingerprint, RULES, before_minutes=minutes[0], after_minutes=minutes[1]
    )


def test_a_failure_that_is_gone_is_fixed_and_the_numbers_say_so() -> None:
    found = judged(acts(60, same=14), acts(45))
    assert found.verdict == "fixed"
    assert found.reasons == ("The failure: 14 in 60 actions before, 0 in 45 after, p = 0.00019.",)
    assert (found.before.same, found.before.actions, found.after.actions) == (14, 60, 45)
    assert found.p_same == pytest.approx(0.000189059)


def test_a_fix_that_halves_the_failures_is_not_called_fixed() -> None:
    found = judged(acts(400, same=200), acts(400, same=100))
    assert found.verdict == "not_fixed"
    assert found.reasons[1] == "That is 50 % fewer, but it still happens: not fixed."


def test_a_fix_that_does_nothing_is_called_so() -> None:
    found = judged(acts(60, same=14), acts(45, same=11))
    assert found.verdict == "not_fixed"
    assert "14 in 60 actions before, 11 in 45 after" in found.reasons[0]
    assert found.reasons[1] == "It still happens, and not significantly less often than before."


def test_two_left_of_two_hundred_count_as_gone() -> None:
    assert judged(acts(400, same=200), acts(400, same=2)).verdict == "fixed"
    assert judged(acts(400, same=200), acts(400, same=8)).verdict == "not_fixed"


def test_no_traffic_proves_nothing() -> None:
    found = judged(acts(60, same=14), [])
    assert found.verdict == "inconclusive"
    assert found.reasons == (
        "The failure: 14 in 60 actions before, 0 in 0 after. There was no traffic in 60 min.",
    )


def test_what_was_cancelled_is_no_traffic() -> None:
    assert judged(acts(60, same=14), acts(40, ended="cancelled")).verdict == "inconclusive"


def test_too_little_traffic_is_told_with_how_much_is_missing() -> None:
    found = judged(acts(60, same=14), acts(8))
    assert found.verdict == "inconclusive"
    needed = int(found.reasons[1].split(" seen: ")[1].split()[0])
    assert judged(acts(60, same=14), acts(needed)).verdict == "fixed"
    assert judged(acts(60, same=14), acts(needed - 1)).verdict == "inconclusive"


def test_nobody_says_fixed_before_the_least_time_has_passed() -> None:
    found = judged(acts(60, same=14), acts(300), minutes=(1_440, 5))
    assert found.verdict == "inconclusive"
    assert found.reasons[1] == "Watched for only 5 min; the minimum is 10 min."


def test_a_failure_nobody_saw_before_cannot_be_missed_but_can_be_there() -> None:
    assert judged(acts(60), acts(60)).verdict == "inconclusive"
    assert judged(acts(60), acts(60, same=1)).verdict == "not_fixed"


def test_more_of_the_same_is_a_regression() -> None:
    found = judged(acts(200, same=20), acts(200, same=60))
    assert found.verdict == "regressed"
    assert found.reasons[0].startswith(
        "More failures in total: 20 in 200 actions before, 60 in 200"
    )


def test_another_failure_in_its_place_is_a_regression() -> None:
    found = judged(acts(60, same=14), acts(45, new=10))
    assert found.verdict == "regressed"
    assert found.reasons[0].startswith("Different failures: 0 in 60 actions before, 10 in 45 after")
    assert found.reasons[0].endswith("New since then: `9e9e`, 10 times.")


def test_what_always_failed_and_now_always_fails_otherwise_is_a_regression() -> None:
    assert judged(acts(40, same=40), acts(40, new=40)).verdict == "regressed"


def test_a_few_new_failures_are_too_many_to_say_fixed() -> None:
    found = judged(acts(200, same=20), acts(100, new=3))
    assert found.verdict == "inconclusive"
    assert "`9e9e` is new, 3 times" in found.reasons[1]


def test_other_failures_that_were_there_before_change_nothing() -> None:
    assert judged(acts(200, same=60, new=10), acts(200, new=11)).verdict == "fixed"


def test_without_a_fingerprint_every_failure_is_the_one() -> None:
    assert judged(acts(60, same=7, new=7), acts(60), fingerprint=None).verdict == "fixed"
    again = judged(acts(60, same=14), acts(60, new=14), fingerprint=None)
    assert again.verdict == "not_fixed"


def test_slower_is_a_regression() -> None:
    found = judged(acts(60, same=14), acts(60, ms=300.0))
    assert found.verdict == "regressed"
    assert found.reasons[0].startswith("Slower: p95 133 ms before, 398 ms after")


def test_a_slow_twentieth_is_a_regression_though_most_are_as_fast_as_before() -> None:
    slow = [*acts(180), *(each._replace(duration_ms=2_000.0) for each in acts(20))]
    found = judged(acts(200, same=40), slow)
    assert found.verdict == "regressed"
    assert "p95" in found.reasons[0]


def test_a_slowdown_that_is_sure_but_small_is_no_regression() -> None:
    found = judged(acts(2_000, same=400), acts(2_000, ms=110.0))
    assert found.verdict == "fixed"
    assert found.p_slower is not None and found.p_slower < 0.0001
    assert found.reasons[-1].startswith("Slightly slower")


def test_a_slowdown_nobody_feels_is_no_regression() -> None:
    assert judged(acts(200, same=40, ms=0.2), acts(200, ms=1.0)).verdict == "fixed"


def test_durations_that_are_no_numbers_are_passed_over() -> None:
    odd = [each._replace(duration_ms=float("nan")) for each in acts(30)]
    found = judged(acts(60, same=14), [*acts(30), *odd])
    assert found.verdict == "fixed"
    assert found.after.p95_ms is not None and math.isfinite(found.after.p95_ms)


def test_of_very_many_durations_a_fair_part_is_kept() -> None:
    found = judged(acts(2_000, same=400), [*acts(45_000), *acts(5_000, ms=1_000.0)])
    assert found.after.actions == 50_000
    assert found.after.p95_ms is not None
    assert found.after.p95_ms == pytest.approx(1_000, rel=0.1)
    assert found.verdict == "regressed"


def test_what_is_journalled_only_when_it_fails_is_judged_by_time() -> None:
    before = acts(12, same=12, kind="listener")
    gone = judged(before, [], minutes=(1_440, 1_440))
    assert (gone.verdict, gone.reasons) == (
        "fixed",
        ("The failure: 12 in 24 h before, 0 in 24 h after, p = 0.00024.",),
    )
    soon = judged(before, [], minutes=(1_440, 60))
    assert soon.verdict == "inconclusive"
    assert "minutes without the failure" in soon.reasons[1]
    assert judged(before, acts(9, same=9, kind="listener")).verdict == "regressed"


def test_a_watch_is_judged_early_only_where_the_fix_plainly_did_not_hold() -> None:
    before = acts(60, same=14)
    early = {
        "fixed": acts(45),
        "one left, maybe begun before": acts(4, same=1),
        "back": acts(4, same=2),
        "rare now, though not gone": acts(400, same=12),
        "worse": acts(30, new=29),
        "perhaps worse": acts(45, new=5),
    }
    plain = {
        what: is_decisive_early(judged(before, after, minutes=(1_440, 2)), RULES)
        for what, after in early.items()
    }
    assert plain == {
        "fixed": False,
        "one left, maybe begun before": False,
        "back": True,
        "rare now, though not gone": False,
        "worse": True,
        "perhaps worse": False,
    }


def together(count: int, children: tuple[str, ...], fingerprint: str) -> list[Sample]:
    """Return so many failures of a group of faults."""
    return [
        each._replace(outcome="error", fingerprint=fingerprint, children=children)
        for each in acts(count)
    ]


def test_a_fix_of_one_fault_of_a_group_is_called_partial_and_names_the_rest() -> None:
    before = together(30, ("aaaa", "bbbb"), OLD) + acts(30)
    alone = [each._replace(outcome="error", fingerprint="bbbb") for each in acts(20)]
    found = judged(before, alone + acts(20))
    assert found.verdict == "partial"
    assert (found.before.same, found.after.same, found.after.part) == (30, 0, 20)
    assert "not all are gone: `bbbb` 20 times since then" in found.reasons[1]


def test_a_fix_of_one_of_three_is_partial_though_the_rest_comes_as_a_group_of_another_name() -> (
    None
):
    before = together(30, ("aaaa", "bbbb", "cccc"), OLD) + acts(30)
    found = judged(before, together(20, ("bbbb", "cccc"), NEW) + acts(20))
    assert found.verdict == "partial"


def test_a_fix_of_all_faults_of_a_group_holds() -> None:
    assert judged(together(30, ("aaaa", "bbbb"), OLD) + acts(30), acts(40)).verdict == "fixed"


def test_a_strange_failure_after_a_fix_of_a_group_is_no_part_of_it() -> None:
    before = together(30, ("aaaa", "bbbb"), OLD) + acts(100)
    assert judged(before, acts(100, new=60)).verdict == "regressed"

"""How a command is used, and when a change of it counts as having made it worse."""

from collections.abc import Sequence

import pytest

from bot.detection.use import judge_use, use_of
from bot.domain.samples import Sample
from bot.domain.use import EventUse
from bot.domain.watch import Comparison, WatchRules

ROLL = "command.roll"


def rolls(
    well: int, failed: int = 0, *, ms: float = 20.0, users: Sequence[str | None] = ("u-1",)
) -> list[Sample]:
    """Return so many samples that went well, and so many that failed, by these people in turn."""
    return [
        Sample(
            at=float(number),
            id=str(number),
            event=ROLL,
            kind="command",
            outcome="ok" if number < well else "error",
            duration_ms=ms,
            fingerprint=None if number < well else "f1",
            user=users[number % len(users)],
        )
        for number in range(well + failed)
    ]


def judged(before: list[Sample], after: list[Sample], *, new: bool = False) -> Comparison:
    return judge_use(
        before, after, WatchRules(), new=new, before_minutes=1_440, after_minutes=1_440
    )


def test_uses_people_failures_and_usual_times_are_counted() -> None:
    cancelled = rolls(1)[0]._replace(outcome="cancelled", user="u-9")
    after = [*rolls(3, 1, users=("u-1", "u-2", None)), *rolls(2, ms=80.0), cancelled]
    assert use_of(ROLL, rolls(2, ms=10.0), after) == EventUse(
        event=ROLL, uses=6, people=2, failures=1, typical_ms=20.0, before_ms=10.0, answered=5
    )


def test_what_nobody_used_has_no_time() -> None:
    assert use_of(ROLL, [], []) == EventUse(event=ROLL)


@pytest.mark.parametrize(
    ("well", "failed", "worse"), [(0, 1, False), (9, 1, False), (3, 2, True), (100, 2, False)]
)
def test_a_new_command_is_worse_where_several_of_its_uses_fail(
    well: int, failed: int, worse: bool
) -> None:
    assert (judged([], rolls(well, failed), new=True).verdict == "regressed") is worse


def test_a_command_that_was_there_is_not_blamed_for_what_was_not_looked_at_before() -> None:
    assert judged([], rolls(3, 3)).verdict == "inconclusive"


def test_more_failures_than_before_are_worse_and_as_many_are_not() -> None:
    found = judged(rolls(50, 1), rolls(30, 20))
    assert found.verdict == "regressed"
    assert found.reasons[0].startswith("More failures in total: 1 in 51 actions before, 20 in 50")
    assert judged(rolls(50, 20), rolls(50, 20)).verdict == "inconclusive"


def test_slower_answers_are_worse() -> None:
    found = judged(rolls(60, ms=20.0), rolls(60, ms=90.0))
    assert found.verdict == "regressed"
    assert found.reasons[0].startswith("Slower: ")

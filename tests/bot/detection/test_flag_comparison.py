"""With a flag it goes worse only where that is surely so, and matters; what is new is not timed."""

import pytest

from bot.detection.flag_comparison import Signs, UsedEvent, build_side, describe_regressions
from bot.domain.samples import Sample
from bot.domain.use import FlagSide
from tests.bot.detection.test_use import ROLL, rolls

NONE = Signs()


def spread(count: int, ms: float) -> list[Sample]:
    """Return uses that went well, and took about so long."""
    return [each._replace(duration_ms=ms + number % 7) for number, each in enumerate(rolls(count))]


@pytest.mark.parametrize(
    ("on", "off", "new", "told"),
    [
        (rolls(40), rolls(40), False, ""),
        (rolls(30, 10), rolls(40), False, "`/roll` fails more: 10 of 40 uses with it, 0 of 40"),
        (rolls(38, 2), rolls(40), False, ""),  # by chance
        (rolls(3, 3), [], False, ""),  # nobody to compare with
        (spread(40, 90.0), spread(40, 20.0), False, "`/roll` is slower: usually 93 ms with it"),
        (spread(40, 90.0), spread(40, 20.0), True, ""),  # without it says "not yet", at once
        (spread(400, 21.0), spread(400, 20.0), False, ""),  # sure, and too little to matter
        (rolls(400), rolls(300, 100), False, ""),  # better
    ],
)
def test_worse_is_what_is_surely_worse_and_matters(
    on: list[Sample], off: list[Sample], new: bool, told: str
) -> None:
    found = describe_regressions([UsedEvent(ROLL, on, off, new)], NONE, NONE, 0.05)
    assert bool(found) == bool(told)
    assert all(told in each and "(p " in each for each in found)


def test_signs_of_those_with_it_count_against_those_of_the_others() -> None:
    (found,) = describe_regressions([], Signs(12, 10), Signs(12, 1), 0.05)
    assert found.startswith("more 👎: 10 of 12 signs with it, 1 of 12 without (p ")
    assert not describe_regressions([], Signs(3, 2), Signs(3, 1), 0.05)


def test_a_rare_chance_counts_as_often_as_there_are_tests() -> None:
    one = UsedEvent(ROLL, rolls(27, 3), rolls(60, 0))
    assert describe_regressions([one], NONE, NONE, 0.12)
    assert not describe_regressions([one, *[UsedEvent(ROLL, [], [])] * 4], NONE, NONE, 0.12)


def test_a_side_has_all_its_commands_together() -> None:
    other = rolls(2, users=("u-2",))
    assert build_side([rolls(3, 1), other], Signs(2, 1)) == FlagSide(
        uses=6, people=2, failures=1, typical_ms=20.0, signs=2, disliked=1
    )

"""The smallest set-up that still fails."""

from hypothesis import given
from hypothesis import strategies as st
from theseus_rehearsal.reduction import reduce_setup


class Plays:
    """Fails where all that is needed is there; notes what was played."""

    def __init__(self, needed: set[int]) -> None:
        self.needed = needed
        self.seen: list[tuple[int, ...]] = []

    async def fails(self, kept: tuple[int, ...]) -> bool:
        self.seen.append(kept)
        return self.needed <= {*kept}


async def test_what_fails_with_nothing_before_it_takes_one_play() -> None:
    plays = Plays(set())
    found = await reduce_setup(range(100), plays.fails, max_runs=50)
    assert (found.remaining, found.run_count, found.minimal) == ((), 1, True)


async def test_nothing_to_leave_out_takes_no_play() -> None:
    found = await reduce_setup((), Plays(set()).fails, max_runs=0)
    assert (found.remaining, found.run_count, found.minimal) == ((), 0, True)


async def test_one_of_many_is_found_in_few_plays() -> None:
    found = await reduce_setup(range(64), Plays({37}).fails, max_runs=50)
    assert (found.remaining, found.minimal) == ((37,), True)
    assert found.run_count <= 14


async def test_when_the_plays_are_spent_what_was_found_still_fails() -> None:
    plays = Plays({3, 60})
    found = await reduce_setup(range(64), plays.fails, max_runs=10)
    assert (found.run_count, found.minimal) == (10, False)
    assert {3, 60} <= {*found.remaining}
    assert len(found.remaining) < 64


@given(st.integers(1, 24).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
async def test_what_is_left_is_what_is_needed_in_its_order(case: tuple[int, set[int]]) -> None:
    number, needed = case
    plays = Plays(needed)
    found = await reduce_setup(range(number), plays.fails, max_runs=2_000)
    assert found.minimal
    assert found.remaining == tuple(sorted(needed))
    assert found.run_count == len(plays.seen) == len({*plays.seen})


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(2, 5))
async def test_whatever_it_fails_on_nothing_more_can_be_left_out(
    luck: list[bool], size: int
) -> None:
    """Also where a larger set-up may not fail though a smaller does."""
    whole = tuple(range(size))

    async def fails(kept: tuple[int, ...]) -> bool:
        return kept == whole or luck[sum(2**at for at in kept) % len(luck)]

    found = await reduce_setup(whole, fails, max_runs=2_000)
    assert await fails(found.remaining)
    for at in range(len(found.remaining)):
        less = found.remaining[:at] + found.remaining[at + 1 :]
        assert not await fails(less) or not found.minimal

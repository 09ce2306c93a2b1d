"""Finds the smallest set-up that still fails: delta debugging over the earlier interactions."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Reduced(NamedTuple, Generic[T]):
    """A reduced set-up. `minimal`: without any single part of it, the failure is gone."""

    remaining: tuple[T, ...]
    run_count: int
    minimal: bool


async def reduce_setup(
    setup: Sequence[T],
    fails: Callable[[tuple[T, ...]], Awaitable[bool]],
    *,
    max_runs: int,
) -> Reduced[T]:
    """Return the smallest part of a set-up with which it still fails in the same way.

    `fails` runs a part of `setup`, in order, and returns whether the failure follows. It fails
    with the complete set-up. `fails` is called at most `max_runs` times, never twice with the same
    part; at the limit, the smallest part found so far is returned.
    """
    search = _Search(setup, fails, max_runs)
    try:
        minimum = await search.find_minimum()
    except _ExhaustedError:
        return Reduced(search.select(search.remaining), search.run_count, minimal=False)
    return Reduced(search.select(minimum), search.run_count, minimal=True)


class _ExhaustedError(Exception):
    """Raised if the limit of runs is reached."""


class _Search(Generic[T]):
    """Zeller's ddmin, on indices: leaves out halves, then quarters, then smaller parts."""

    def __init__(
        self,
        setup: Sequence[T],
        fails: Callable[[tuple[T, ...]], Awaitable[bool]],
        most: int,
    ) -> None:
        self._setup = setup
        self._fails = fails
        self._most = most
        self._known: dict[tuple[int, ...], bool] = {}
        self.run_count = 0
        self.remaining = tuple(range(len(setup)))

    def select(self, indices: Sequence[int]) -> tuple[T, ...]:
        """Return the parts of the set-up at these indices."""
        return tuple(self._setup[at] for at in indices)

    async def find_minimum(self) -> tuple[int, ...]:
        """Return the indices when nothing more can be left out. Raises `_ExhaustedError`."""
        if not self.remaining or await self._is_failing(()):
            return ()
        parts = 2
        while len(self.remaining) > 1:
            smaller = await self._try_smaller(_split(self.remaining, parts))
            if smaller is not None:
                parts = max(smaller, 2)
            elif parts >= len(self.remaining):
                break
            else:
                parts = min(parts * 2, len(self.remaining))
        return self.remaining

    async def _try_smaller(self, parts: list[tuple[int, ...]]) -> int | None:
        """Keep one part, or all but one, if that still fails; return the next number of parts."""
        for part in parts:
            if await self._is_failing(part):
                self.remaining = part
                return 2
        for part in parts if len(parts) > 2 else ():
            rest = tuple(at for at in self.remaining if at not in part)
            if await self._is_failing(rest):
                self.remaining = rest
                return len(parts) - 1
        return None

    async def _is_failing(self, indices: tuple[int, ...]) -> bool:
        if indices not in self._known:
            if self.run_count >= self._most:
                raise _ExhaustedError
            self.run_count += 1
            self._known[indices] = await self._fails(self.select(indices))
        return self._known[indices]


def _split(places: tuple[int, ...], parts: int) -> list[tuple[int, ...]]:
    """Return the indices in that many parts of similar size."""
    bounds = [len(places) * number // parts for number in range(parts + 1)]
    return [places[start:end] for start, end in pairwise(bounds)]

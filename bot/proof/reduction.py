"""Finds the smallest set-up that still fails: delta debugging over what came before."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Reduced(NamedTuple, Generic[T]):
    """What is left of a set-up. `minimal`: without any one of it, it does not fail any more."""

    remaining: tuple[T, ...]
    run_count: int
    minimal: bool


async def reduce_setup(
    setup: Sequence[T],
    fails: Callable[[tuple[T, ...]], Awaitable[bool]],
    *,
    max_runs: int,
) -> Reduced[T]:
    """Return the least of a set-up with which it still fails in the same way.

    `fails` plays some of `setup`, in its order, and says whether what follows fails as it did; with
    all of it, it does. It is asked `plays` times at most, never twice the same; when that is spent,
    what was found until then is returned.
    """
    search = _Search(setup, fails, max_runs)
    try:
        kept = await search.find_minimum()
    except _ExhaustedError:
        return Reduced(search.select(search.remaining), search.run_count, minimal=False)
    return Reduced(search.select(kept), search.run_count, minimal=True)


class _ExhaustedError(Exception):
    """No play is left."""


class _Search(Generic[T]):
    """Zeller's ddmin, on indices: halves, then quarters, then smaller parts are left out."""

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
        """Return what stands at these places."""
        return tuple(self._setup[at] for at in indices)

    async def find_minimum(self) -> tuple[int, ...]:
        """Return what is left when nothing can be left out. Raises `_ExhaustedError`."""
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
        """Keep one part, or all but one, if that still fails; return how finely to go on."""
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
    """Return the places in that many parts, as even as they come."""
    bounds = [len(places) * number // parts for number in range(parts + 1)]
    return [places[start:end] for start, end in pairwise(bounds)]

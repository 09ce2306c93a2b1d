"""Finds the smallest set-up that still fails: delta debugging over what came before."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Reduced(NamedTuple, Generic[T]):
    """What is left of a set-up. `minimal`: without any one of it, it does not fail any more."""

    kept: tuple[T, ...]
    plays: int
    minimal: bool


async def reduced(
    setup: Sequence[T],
    fails: Callable[[tuple[T, ...]], Awaitable[bool]],
    *,
    plays: int,
) -> Reduced[T]:
    """Return the least of a set-up with which it still fails in the same way.

    `fails` plays some of `setup`, in its order, and says whether what follows fails as it did; with
    all of it, it does. It is asked `plays` times at most, never twice the same; when that is spent,
    what was found until then is returned.
    """
    search = _Search(setup, fails, plays)
    try:
        kept = await search.least()
    except _SpentError:
        return Reduced(search.told(search.kept), search.plays, minimal=False)
    return Reduced(search.told(kept), search.plays, minimal=True)


class _SpentError(Exception):
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
        self.plays = 0
        self.kept = tuple(range(len(setup)))

    def told(self, kept: Sequence[int]) -> tuple[T, ...]:
        """Return what stands at these places."""
        return tuple(self._setup[at] for at in kept)

    async def least(self) -> tuple[int, ...]:
        """Return what is left when nothing can be left out. Raises `_SpentError`."""
        if not self.kept or await self._still(()):
            return ()
        parts = 2
        while len(self.kept) > 1:
            smaller = await self._smaller(_split(self.kept, parts))
            if smaller is not None:
                parts = max(smaller, 2)
            elif parts >= len(self.kept):
                break
            else:
                parts = min(parts * 2, len(self.kept))
        return self.kept

    async def _smaller(self, parts: list[tuple[int, ...]]) -> int | None:
        """Keep one part, or all but one, if that still fails; return how finely to go on."""
        for part in parts:
            if await self._still(part):
                self.kept = part
                return 2
        for part in parts if len(parts) > 2 else ():
            rest = tuple(at for at in self.kept if at not in part)
            if await self._still(rest):
                self.kept = rest
                return len(parts) - 1
        return None

    async def _still(self, kept: tuple[int, ...]) -> bool:
        if kept not in self._known:
            if self.plays >= self._most:
                raise _SpentError
            self.plays += 1
            self._known[kept] = await self._fails(self.told(kept))
        return self._known[kept]


def _split(places: tuple[int, ...], parts: int) -> list[tuple[int, ...]]:
    """Return the places in that many parts, as even as they come."""
    bounds = [len(places) * number // parts for number in range(parts + 1)]
    return [places[start:end] for start, end in pairwise(bounds)]

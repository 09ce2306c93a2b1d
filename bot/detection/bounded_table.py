"""A table of bounded size that keeps what is seen often.

A new key gets one of a few places for newcomers. After it was seen `PROVEN` times it gets a regular
place, and the key there that was unseen for the longest time is removed. So a flood of keys that
are seen once or twice only displaces other newcomers. Displaced newcomers are still counted,
approximately and for a while, in a small count-min sketch, so a key that keeps returning can prove
itself during a flood.
"""

import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

PROVEN = 5
NEWCOMERS = 0.2
_WIDTH, _ROWS = 8_192, 4
_HALVED_AFTER = _WIDTH // 2
_MIX = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)

V = TypeVar("V")


class BoundedTable(Generic[V]):
    """At most `capacity` values by key. `make` creates the value of a new or forgotten key."""

    def __init__(self, capacity: int, make: Callable[[str], V]) -> None:
        self._newcomer_capacity = max(1, int(capacity * NEWCOMERS))
        self._proven_capacity = max(1, capacity - self._newcomer_capacity)
        self._make = make
        self._proven: OrderedDict[str, V] = OrderedDict()
        self._newcomers: OrderedDict[str, V] = OrderedDict()
        self._seen: dict[str, int] = {}
        self._driven_out = _Counts()

    def __len__(self) -> int:
        return len(self._proven) + len(self._newcomers)

    def get(self, key: str) -> V | None:
        """Return the value of a key, or `None` if it is not in the table."""
        return self._proven.get(key) or self._newcomers.get(key)

    def touch(self, key: str) -> V:
        """Return the value of a key that was just seen; create it if needed."""
        value = self._proven.get(key)
        if value is not None:
            self._proven.move_to_end(key)
            return value
        value = self._newcomers.get(key)
        seen = self._seen.get(key, 0) + 1 if value is not None else self._driven_out.add(key)
        if value is None:
            value = self._make(key)
        if seen >= PROVEN:
            self._prove(key, value)
        else:
            self._welcome(key, value, seen)
        return value

    def _prove(self, key: str, value: V) -> None:
        self._newcomers.pop(key, None)
        self._seen.pop(key, None)
        self._proven[key] = value
        if len(self._proven) > self._proven_capacity:
            self._proven.popitem(last=False)

    def _welcome(self, key: str, value: V, seen: int) -> None:
        self._newcomers[key] = value
        self._newcomers.move_to_end(key)
        self._seen[key] = seen
        if len(self._newcomers) > self._newcomer_capacity:
            gone, _ = self._newcomers.popitem(last=False)
            del self._seen[gone]

    def iterate_entries(self) -> Iterator[tuple[str, int, V]]:
        """Yield key, number of times seen (at most `PROVEN`) and value, as `put` takes them."""
        for key, value in self._newcomers.items():
            yield key, self._seen[key], value
        for key, value in self._proven.items():
            yield key, PROVEN, value

    def put(self, key: str, seen: int, value: V) -> None:
        """Restore an entry of `iterate_entries`, in its order."""
        if seen >= PROVEN:
            self._prove(key, value)
        else:
            self._welcome(key, value, seen)


class _Counts:
    """A count-min sketch of bytes. It never returns too small a number.

    All counts are halved from time to time, so old counts fade.
    """

    __slots__ = ("_added", "_cells")

    def __init__(self) -> None:
        self._cells = bytearray(_WIDTH * _ROWS)
        self._added = 0

    def add(self, key: str) -> int:
        """Count a key; return how often it was counted, or a somewhat larger number."""
        self._added += 1
        if self._added >= _HALVED_AFTER:
            self._added //= 2
            self._cells = bytearray(cell >> 1 for cell in self._cells)
        number, cells = zlib.crc32(key.encode("utf-8", "surrogatepass")), self._cells
        places = [
            row * _WIDTH + (number * mix & 0xFFFFFFFF) * _WIDTH // 2**32
            for row, mix in enumerate(_MIX)
        ]
        least = min(cells[place] for place in places)
        if least < 255:
            for (
                place
            ) in places:  # conservative update: only the lowest cells grow, which reduces errors
                if cells[place] == least:
                    cells[place] += 1
        return least + 1

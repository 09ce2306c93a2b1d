"""Quantiles of durations in little memory: counts in bins that grow by the same factor (DDSketch).

A quantile is within `RELATIVE_ERROR` of the exact one (nearest rank) for values from `LEAST` to
`MOST` milliseconds, ten microseconds to some three hours; what is beyond counts as the end. That
range makes for `BINS` bins at most. As the bins are the same everywhere, sketches can be added to
each other, and taken from each other again, without losing anything.
"""

import base64
import binascii
import math
import struct
from collections.abc import Iterable
from typing import Self

RELATIVE_ERROR = 0.02
LEAST, MOST = 0.01, 1e7

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_BINS_PER_E = 1 / math.log(_GAMMA)
_FIRST = math.ceil(math.log(LEAST) * _BINS_PER_E)
_LAST = math.ceil(math.log(MOST) * _BINS_PER_E)
BINS = _LAST - _FIRST + 1
_PACKED = struct.Struct("<HI")  # bin from the first, count
_MOST_PACKED = 2**32 - 1


def find_bin(value: float) -> int:
    """Return the bin of a value, which is finite and not negative."""
    if value <= LEAST:
        return _FIRST
    if value >= MOST:
        return _LAST
    return math.ceil(math.log(value) * _BINS_PER_E)


def get_bin_value(number: int) -> float:
    """Return the value that represents all values of a bin."""
    return 2 * _GAMMA**number / (_GAMMA + 1)


class Sketch:
    """The number of values in each bin. `total` is the number of all values."""

    __slots__ = ("bins", "total")

    def __init__(self, values: Iterable[float] = ()) -> None:
        self.bins: dict[int, int] = {}
        self.total = 0
        for value in values:
            self.add(find_bin(value))

    def add(self, number: int) -> None:
        """Count one value, by its bin."""
        self.bins[number] = self.bins.get(number, 0) + 1
        self.total += 1

    def merge(self, other: "Sketch") -> None:
        """Add the counts of another sketch."""
        bins = self.bins
        for number, count in other.bins.items():
            bins[number] = bins.get(number, 0) + count
        self.total += other.total

    def subtract(self, other: "Sketch") -> None:
        """Subtract a sketch that was merged before."""
        bins = self.bins
        for number, count in other.bins.items():
            left = bins.get(number, 0) - count
            if left > 0:
                bins[number] = left
            else:
                bins.pop(number, None)
        self.total = max(0, self.total - other.total)

    def compute_quantile(self, share: float) -> float:
        """Return the value that `share` of all values do not exceed; 0 if there are none."""
        above = self.total - max(1, math.ceil(share * self.total - 1e-9))
        for number in sorted(
            self.bins, reverse=True
        ):  # high quantiles are the usual request, so begin at the top
            above -= self.bins[number]
            if above < 0:
                return get_bin_value(number)
        return 0.0

    def count_above(self, value: float) -> int:
        """Return how many values are in bins above `value`."""
        return sum(count for number, count in self.bins.items() if get_bin_value(number) > value)

    def pack(self) -> bytes:
        """Return the sketch in six bytes for each bin."""
        return b"".join(
            _PACKED.pack(number - _FIRST, min(count, _MOST_PACKED))
            for number, count in sorted(self.bins.items())
        )

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Return the sketch that `pack` packed."""
        made = cls()
        for number, count in _PACKED.iter_unpack(packed):
            made.bins[number + _FIRST] = count
            made.total += count
        return made


def to_text(packed: bytes) -> str:
    """Return a packed sketch as text for JSON."""
    return base64.b64encode(packed).decode("ascii")


def from_text(text: str) -> bytes:
    """Return a packed sketch from `to_text`. Raises `ValueError` if it is not one."""
    try:
        packed = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not a packed sketch") from error
    if len(packed) % _PACKED.size:
        raise ValueError("not a packed sketch")
    return packed

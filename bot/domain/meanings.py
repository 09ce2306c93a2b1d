"""How close texts are in meaning, and orders that are combined."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

from bot.domain.errors import PortError

LONGEST = 300
"""Characters of a text that count: what it is about is said at its beginning."""
MOST = 3_000
"""The most texts that are compared at once."""

_DAMPING = 10
"""Added to each rank before it is inverted: the first place counts 1.2 times the third."""

Item = TypeVar("Item", bound=Hashable)


class MeaningUnavailable(PortError):
    """What compares meanings is not installed, or cannot answer now."""

    code = "meaning.unavailable"
    retryable = True


def combine_orders(*orders: Sequence[Item]) -> tuple[Item, ...]:
    """Return all items, those first that are near the front of several orders.

    Reciprocal rank fusion: it needs no common scale of scores. Of equal ones the earlier order
    counts.
    """
    points: dict[Item, float] = {}
    for order in orders:
        for rank, item in enumerate(dict.fromkeys(order), start=1):
            points[item] = points.get(item, 0.0) + 1 / (_DAMPING + rank)
    return tuple(sorted(points, key=lambda item: -points[item]))

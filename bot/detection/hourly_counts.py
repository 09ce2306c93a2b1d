"""How often something happened, hour by hour over the last day: what it is compared with."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

HOURS = 24
SECONDS = 3_600.0


class Past(NamedTuple):
    """What there was in whole hours: how many, in how many of them, and since which hour."""

    total: int
    hours: int
    first: int


class HourlyCounts:
    """Counts of the hour that goes on and the `HOURS` before it, the empty ones left out."""

    __slots__ = ("slots",)

    def __init__(self, slots: Iterable[Sequence[int]] = ()) -> None:
        self.slots: deque[list[int]] = deque(list(each) for each in slots)

    def add(self, at: float, now: float) -> None:
        """Count one, and forget what is too old by `now`."""
        number, oldest, slots = int(at // SECONDS), int(now // SECONDS) - HOURS, self.slots
        while slots and slots[0][0] < oldest:
            slots.popleft()
        if number < oldest:
            return
        place = len(slots)
        while place and slots[place - 1][0] > number:
            place -= 1
        if place and slots[place - 1][0] == number:
            slots[place - 1][1] += 1
        else:
            slots.insert(place, [number, 1])

    def count_before(self, at: float, now: float) -> Past:
        """Return what there was in the day before `now`, up to the hour in which `at` lies."""
        end, oldest = int(at // SECONDS), int(now // SECONDS) - HOURS
        counted = [(number, count) for number, count in self.slots if oldest <= number < end]
        first = counted[0][0] if counted else end
        return Past(sum(count for _, count in counted), len(counted), first)

    def rewind(self, now: float) -> None:
        """Forget what lies after `now`: the clock was set back."""
        while self.slots and self.slots[-1][0] > int(now // SECONDS):
            self.slots.pop()

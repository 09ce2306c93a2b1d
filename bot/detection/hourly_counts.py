"""Counts by hour over the last day, as the baseline of a rate."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

HOURS = 24
SECONDS = 3_600.0


class Past(NamedTuple):
    """Counts of whole hours: the total, the number of hours with any, and the first hour."""

    total: int
    hours: int
    first: int


class HourlyCounts:
    """Counts of the current hour and the `HOURS` before it, without empty hours."""

    __slots__ = ("slots",)

    def __init__(self, slots: Iterable[Sequence[int]] = ()) -> None:
        self.slots: deque[list[int]] = deque(list(each) for each in slots)

    def add(self, at: float, now: float) -> None:
        """Count one event, and remove hours that are too old at `now`."""
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
        """Return the counts of the day before `now`, up to and without the hour of `at`."""
        end, oldest = int(at // SECONDS), int(now // SECONDS) - HOURS
        counted = [(number, count) for number, count in self.slots if oldest <= number < end]
        first = counted[0][0] if counted else end
        return Past(sum(count for _, count in counted), len(counted), first)

    def rewind(self, now: float) -> None:
        """Remove what is after `now`: the clock was set back."""
        while self.slots and self.slots[-1][0] > int(now // SECONDS):
            self.slots.pop()

"""Counts in a sliding time window, and over the last hours for charts."""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.detection.sketch import Sketch, find_bin
from bot.domain.anomaly import Rule
from bot.domain.charts import Point

BUCKETS = 30
SLOT_SECONDS = 300.0
SLOTS = 36

Bucket = list[int]
"""The number of the bucket since 1970, actions, failures."""

Seen = deque[tuple[float, str]]
"""The time and the id of a record."""


class SlidingWindow:
    """Actions and failures of the last `seconds`, in `BUCKETS` buckets.

    The window begins with the bucket of `seconds` ago, so it is at most a thirtieth too long.
    """

    __slots__ = ("_width", "actions", "buckets", "failures")

    def __init__(self, seconds: float, buckets: Iterable[Sequence[int]] = ()) -> None:
        self._width = seconds / BUCKETS
        self.buckets: deque[Bucket] = deque(list(each) for each in buckets)
        self.actions = sum(bucket[1] for bucket in self.buckets)
        self.failures = sum(bucket[2] for bucket in self.buckets)

    def add(self, at: float, now: float, failed: bool) -> None:
        """Count one action, and remove what is too old at `now`."""
        self.roll(now)
        number, buckets = int(at // self._width), self.buckets
        if buckets and buckets[-1][0] == number:
            bucket = buckets[-1]
        else:
            found = self._get_bucket(number, now)
            if found is None:
                return
            bucket = found
        bucket[1] += 1
        self.actions += 1
        if failed:
            bucket[2] += 1
            self.failures += 1

    def _get_bucket(self, number: int, now: float) -> Bucket | None:
        """Return a bucket other than the newest; `None` if it is too old for the window."""
        if number < int(now // self._width) - BUCKETS:
            return None
        at = len(self.buckets)
        while at and self.buckets[at - 1][0] > number:
            at -= 1
        if at and self.buckets[at - 1][0] == number:
            return self.buckets[at - 1]
        bucket = [number, 0, 0]
        self.buckets.insert(at, bucket)
        return bucket

    def roll(self, now: float) -> None:
        """Remove what is too old at `now`."""
        oldest, buckets = int(now // self._width) - BUCKETS, self.buckets
        while buckets and buckets[0][0] < oldest:
            _, actions, failures = buckets.popleft()
            self.actions -= actions
            self.failures -= failures

    def find_first_failure(self, seen: Seen) -> float | None:
        """Return when the oldest failure in the window happened, in seconds since 1970.

        If the window has more failures than `seen`, return the beginning of the oldest bucket with
        one.
        """
        if 0 < self.failures <= len(seen):
            return sorted(at for at, _ in seen)[-self.failures]
        return next((number * self._width for number, _, bad in self.buckets if bad), None)

    def rewind(self, now: float) -> None:
        """Remove what is after `now`: the clock was set back."""
        newest = int(now // self._width)
        while self.buckets and self.buckets[-1][0] > newest:
            _, actions, failures = self.buckets.pop()
            self.actions -= actions
            self.failures -= failures


class Slot:
    """Five minutes of one kind: actions, failures, and p95 in ms once the slot is complete."""

    __slots__ = ("actions", "failures", "number", "p95")

    def __init__(self, number: int, actions: int = 0, failures: int = 0, p95: float = 0.0) -> None:
        self.number, self.actions, self.failures, self.p95 = number, actions, failures, p95


class CountHistory:
    """The last three hours in slots of five minutes, without empty slots."""

    __slots__ = ("_open", "slots")

    def __init__(self, slots: Iterable[Slot] = ()) -> None:
        self.slots: deque[Slot] = deque(slots, maxlen=SLOTS)
        self._open = Sketch()

    def add(self, at: float, failed: bool, duration: int | None) -> None:
        """Count one action; `duration` is the bin of its duration, if that counts."""
        number, slots = int(at // SLOT_SECONDS), self.slots
        if not slots or slots[-1].number < number:
            self.close()
            self._open = Sketch()
            slots.append(Slot(number))
        slot = slots[-1]
        if slot.number == number:
            if duration is not None:
                self._open.add(duration)
        else:
            found = next((each for each in reversed(slots) if each.number == number), None)
            if found is None:
                return
            slot = found
        slot.actions += 1
        slot.failures += failed

    def close(self) -> None:
        """Set the p95 of the newest slot from its durations so far."""
        if self.slots and self._open.total:
            self.slots[-1].p95 = self._open.compute_quantile(0.95)

    def rewind(self, now: float) -> None:
        """Remove what is after `now`: the clock was set back."""
        while self.slots and self.slots[-1].number > int(now // SLOT_SECONDS):
            self.slots.pop()
            self._open = Sketch()

    def count_failures_since(self, since: float) -> int:
        """Return the number of failures since then, by whole slots."""
        first = int(since // SLOT_SECONDS)
        return sum(slot.failures for slot in self.slots if slot.number >= first)


def find_duration_bin(duration_ms: float | None) -> int | None:
    """Return the bin of a duration; `None` if it is negative, infinite or not a number."""
    if duration_ms is None or not 0 <= duration_ms < float("inf"):
        return None
    return find_bin(duration_ms)


def build_series(history: CountHistory, rule: Rule, now: float) -> tuple[Point, ...]:
    """Return a point for each slot of the last three hours that has a value for the rule."""
    history.close()
    first = int(now // SLOT_SECONDS) - SLOTS + 1
    slots = {slot.number: slot for slot in history.slots if slot.number >= first}
    if rule is Rule.REPEATED_ERROR:
        numbers = range(min(slots, default=first + SLOTS), first + SLOTS)
        counts = {number: slots[number].failures if number in slots else 0 for number in numbers}
        return tuple(_point(number, count) for number, count in counts.items())
    if rule is Rule.ERROR_RATE:
        return tuple(_point(n, slot.failures / slot.actions) for n, slot in slots.items())
    return tuple(_point(n, slot.p95) for n, slot in slots.items() if slot.p95)


def _point(number: int, value: float) -> Point:
    return Point(at=datetime.fromtimestamp(number * SLOT_SECONDS, UTC), value=value)

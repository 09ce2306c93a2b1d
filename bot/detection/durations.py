"""p95 of the last minutes, and what it usually is: the baseline.

A bucket of the window goes into the baseline when it leaves the window, unless something was wrong
with that kind meanwhile: the baseline never holds what is being judged against it, nor the fault.
What stays slow for all of `baseline_hours` has no baseline left then, and becomes the new usual.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.detection.sketch import Sketch, find_bin
from bot.domain.thresholds import Latency

BUCKETS = 20
SLOTS = 24
CHANCE = 1e-3
"""The maximum probability that slow actions are only chance."""

Packed = tuple[int, bytes]
"""The number of a bucket or slot since 1970, and its packed sketch."""


class Slow(NamedTuple):
    """The window's p95, in ms, is above `limit`; `usual` is the usual p95."""

    p95: float
    limit: float
    usual: float
    volume: int


class Durations:
    """The durations of the successful actions of one kind, as bins of a sketch.

    The window begins with the bucket of `minutes` ago, so it is at most a twentieth too long; the
    baseline likewise with one of its 24 slots. `limit` is the bin above which an action counted as
    slow at the last judgement.
    """

    __slots__ = (
        "_baseline", "_bucket_seconds", "_buckets", "_filling", "_judged", "_rule", "_slot_seconds",
        "_slots", "_stale", "_window", "limit",
    )  # fmt: skip

    def __init__(
        self,
        rule: Latency,
        buckets: Sequence[Packed] = (),
        slots: Sequence[Packed] = (),
        limit: int | None = None,
    ) -> None:
        self._rule = rule
        self._bucket_seconds = rule.minutes * 60 / BUCKETS
        self._slot_seconds = rule.baseline_hours * 3600 / SLOTS
        self._buckets = deque((number, Sketch.unpack(packed)) for number, packed in buckets)
        self._slots = deque(slots)  # packed, because they are stored for a day
        self._filling: tuple[int, Sketch] | None = None
        self._window, self._baseline = Sketch(), Sketch()
        for _, sketch in self._buckets:
            self._window.merge(sketch)
        for _, packed in slots:
            self._baseline.merge(Sketch.unpack(packed))
        self.limit = limit
        self._stale = True
        self._judged = -1

    def add(self, number: int, at: float, now: float) -> None:
        """Count the duration of one action. Call `roll` first."""
        bucket, buckets = int(at // self._bucket_seconds), self._buckets
        if buckets and buckets[-1][0] == bucket:
            sketch = buckets[-1][1]
        else:
            found = self._get_bucket(bucket, now)
            if found is None:
                return
            sketch = found
        sketch.add(number)
        self._window.add(number)

    def _get_bucket(self, number: int, now: float) -> Sketch | None:
        """Return a bucket other than the newest; `None` if it is too old for the window."""
        if number < int(now // self._bucket_seconds) - BUCKETS:
            return None
        at = len(self._buckets)
        while at and self._buckets[at - 1][0] > number:
            at -= 1
        if at and self._buckets[at - 1][0] == number:
            return self._buckets[at - 1][1]
        made = Sketch()
        self._buckets.insert(at, (number, made))
        return made

    def roll(self, now: float, wrong: float) -> None:
        """Move on to `now`. `wrong` is when a rule was last crossed for this kind."""
        oldest, buckets = int(now // self._bucket_seconds) - BUCKETS, self._buckets
        while buckets and buckets[0][0] < oldest:
            number, sketch = buckets.popleft()
            self._window.subtract(sketch)
            if wrong < number * self._bucket_seconds:
                self._keep(int(number * self._bucket_seconds // self._slot_seconds), sketch)
        first, slots = int(now // self._slot_seconds) - SLOTS, self._slots
        while slots and slots[0][0] < first:
            self._baseline.subtract(Sketch.unpack(slots.popleft()[1]))
            self._stale = True
        if self._filling and self._filling[0] < first:
            self._baseline.subtract(self._filling[1])
            self._filling, self._stale = None, True

    def _keep(self, slot: int, sketch: Sketch) -> None:
        self._baseline.merge(sketch)
        self._stale = True
        if self._filling and self._filling[0] >= slot:
            self._filling[1].merge(sketch)
            return
        if self._filling:
            self._slots.append((self._filling[0], self._filling[1].pack()))
        self._filling = slot, sketch

    def iterate_packed_buckets(self) -> Iterator[Packed]:
        """Yield the window's buckets, oldest first."""
        return ((number, sketch.pack()) for number, sketch in self._buckets)

    def iterate_slots(self) -> Iterator[Packed]:
        """Yield the baseline's slots, oldest first."""
        yield from self._slots
        if self._filling:
            yield self._filling[0], self._filling[1].pack()

    def rewind(self, now: float) -> None:
        """Remove what is after `now`: the clock was set back."""
        while self._buckets and self._buckets[-1][0] > int(now // self._bucket_seconds):
            self._window.subtract(self._buckets.pop()[1])
        self._slots, self._filling = deque(self.iterate_slots()), None
        while self._slots and self._slots[-1][0] > int(now // self._slot_seconds):
            self._baseline.subtract(Sketch.unpack(self._slots.pop()[1]))
        self._stale, self._judged = True, -1

    def is_slow(self, number: int) -> bool:
        """Return whether a duration is over the limit, if there is a limit."""
        return self.limit is not None and number > self.limit

    def should_judge(self, number: int | None, now: float) -> bool:
        """Return whether the verdict may have changed after this action was added.

        It may after a slow action, once there are just enough actions, and once in every bucket,
        because fast actions may have left the window.
        """
        bucket = int(now // self._bucket_seconds)
        if bucket == self._judged and self._window.total > self._rule.volume and not self._stale:
            return number is not None and self.limit is not None and number >= self.limit
        self._judged = bucket
        return self._window.total >= self._rule.volume

    def detect_slowness(self) -> Slow | None:
        """Return how slow it is, if p95 is over `factor` times the usual one, and over the floor.

        Returns `None` if chance alone may explain it: a few actions with some slow ones among them
        have a high p95 now and then. The probability of so many over the limit is bounded
        (Chernoff) from the baseline's share over the limit.
        """
        rule, window, baseline = self._rule, self._window, self._baseline
        if min(window.total, baseline.total) < rule.volume:
            return None
        usual = baseline.compute_quantile(0.95)
        limit = max(rule.factor * usual, rule.floor_ms)
        self.limit, self._stale = find_bin(limit), False
        p95 = window.compute_quantile(0.95)
        if p95 <= limit:
            return None
        expected = (baseline.count_above(limit) + 1) / (baseline.total + 2)
        if bound_chance(window.count_above(limit), window.total, expected) > CHANCE:
            return None
        return Slow(p95=p95, limit=limit, usual=usual, volume=window.total)


def bound_chance(seen: int, volume: int, expected: float) -> float:
    """Return an upper bound of the chance to see so many of `volume` if a share is `expected`."""
    share = seen / volume
    if share <= expected:
        return 1.0
    distance = share * math.log(share / expected)
    if share < 1:
        distance += (1 - share) * math.log((1 - share) / (1 - expected))
    return math.exp(-volume * distance)

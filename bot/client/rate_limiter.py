"""How much one person may ask in a while: a token bucket for each, and only so many buckets."""

from dataclasses import dataclass

from cachetools import FIFOCache

_MOST_PEOPLE = 10_000


@dataclass(frozen=True)
class Rate:
    """`burst` at once, and another every `seconds`."""

    burst: int
    seconds: float


@dataclass
class _Bucket:
    left: float
    at: float
    closed: bool = False


class RateLimiter:
    """Who has taken all there was is closed out until half of it is there again.

    Times are seconds of a monotonic clock. Of more people than it keeps, those who were quiet for
    longest are forgotten, as if they had never asked.
    """

    def __init__(self, rate: Rate, *, people: int = _MOST_PEOPLE) -> None:
        self._rate = rate
        self._buckets: FIFOCache[int, _Bucket] = FIFOCache(people)

    def is_limited(self, person_id: int, now: float) -> bool:
        """Return whether the person has to wait; does not count as a request."""
        bucket = self._buckets.get(person_id)
        return bucket is not None and self._refill(bucket, now).closed

    def take(self, person_id: int, now: float) -> bool:
        """Count one; return whether it was the last for a while."""
        bucket = self._buckets.pop(person_id, None) or _Bucket(self._rate.burst, now)
        self._buckets[person_id] = self._refill(bucket, now)
        bucket.left -= 1
        last = bucket.left < 1 and not bucket.closed
        bucket.closed = bucket.closed or last
        return last

    def __len__(self) -> int:
        """Return the number of people with a stored bucket."""

        return len(self._buckets)

    def _refill(self, bucket: _Bucket, now: float) -> _Bucket:
        gained = max(now - bucket.at, 0.0) / self._rate.seconds
        bucket.left = min(max(bucket.left, 0.0) + gained, self._rate.burst)
        bucket.at = now
        bucket.closed = bucket.closed and bucket.left < max(self._rate.burst / 2, 1)
        return bucket

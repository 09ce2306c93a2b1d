"""Remembers recent announcements, so that they are not repeated."""

from collections.abc import Mapping


class AlertHistory:
    """When each key was announced, in seconds since 1970; at most `capacity` keys.

    A key that was announced in the future, because a clock was wrong, counts only within the
    cooldown.
    """

    __slots__ = ("_capacity", "_cooldown", "at")

    def __init__(self, cooldown: float, capacity: int, at: Mapping[str, float]) -> None:
        self.at = dict(at)
        self._cooldown = cooldown
        self._capacity = capacity

    def is_recent(self, key: str, now: float) -> bool:
        """Return whether the key was announced less than the cooldown ago."""
        at = self.at.get(key)
        return at is not None and abs(now - at) < self._cooldown

    def tell(self, key: str, now: float) -> None:
        """Record that the key is announced."""
        self.at.pop(key, None)
        self.at[key] = now
        if len(self.at) > self._capacity:
            self.forget(now)
        if len(self.at) > self._capacity:
            del self.at[next(iter(self.at))]

    def forget(self, now: float) -> None:
        """Remove keys that may be announced again."""
        self.at = {key: at for key, at in self.at.items() if abs(now - at) < self._cooldown}

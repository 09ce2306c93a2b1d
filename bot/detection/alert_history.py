"""What was told lately, so that it is not told again."""

from collections.abc import Mapping


class AlertHistory:
    """When each key was told, in seconds since 1970; at most `capacity` keys.

    A key that was told in what is now the future, by a clock that was wrong, is as good as untold
    beyond the cooldown.
    """

    __slots__ = ("_capacity", "_cooldown", "at")

    def __init__(self, cooldown: float, capacity: int, at: Mapping[str, float]) -> None:
        self.at = dict(at)
        self._cooldown = cooldown
        self._capacity = capacity

    def is_recent(self, key: str, now: float) -> bool:
        """Return whether it was told less than the cooldown ago."""
        at = self.at.get(key)
        return at is not None and abs(now - at) < self._cooldown

    def tell(self, key: str, now: float) -> None:
        """Note that it is told."""
        self.at.pop(key, None)
        self.at[key] = now
        if len(self.at) > self._capacity:
            self.forget(now)
        if len(self.at) > self._capacity:
            del self.at[next(iter(self.at))]

    def forget(self, now: float) -> None:
        """Forget what could be told again."""
        self.at = {key: at for key, at in self.at.items() if abs(now - at) < self._cooldown}

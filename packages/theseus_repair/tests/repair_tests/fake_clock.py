"""A clock that moves only when a test advances it."""


class FakeClock:
    """Implements `theseus_repair.clock.Clock`."""

    def __init__(self) -> None:
        self._elapsed = 0.0

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._elapsed

    def tick(self, seconds: float) -> None:
        """Move time forward."""
        self._elapsed += seconds

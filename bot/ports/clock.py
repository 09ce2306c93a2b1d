"""The clock port: the only source of time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time, as a port so that tests can skip it."""

    def now(self) -> datetime:
        """Return the current time, timezone-aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back. For measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds; cancelling is allowed at any time."""
        ...

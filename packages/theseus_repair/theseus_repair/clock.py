"""The time that a search may take."""

import time
from typing import Protocol


class Clock(Protocol):
    """Time, so that tests can skip it."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        ...


class MachineClock:
    """Implements `Clock` with the machine's clock."""

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

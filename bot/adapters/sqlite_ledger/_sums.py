"""Cached sums, kept correct in memory by the only program that writes the file."""

from dataclasses import dataclass
from datetime import datetime

from cachetools import FIFOCache

from bot.domain.account import Charge
from bot.domain.cost import Cost

_MOST = 256  # sums: a day, a week, and each recent run and person


@dataclass(frozen=True)
class ChargeFilter:
    """The charges to sum; `None` matches any value."""

    run_id: str | None
    person_id: int | None
    since: datetime | None

    def is_match(self, charge: Charge) -> bool:
        """Return whether the filter includes the charge."""
        return (
            (self.run_id is None or charge.account.run_id == self.run_id)
            and (self.person_id is None or charge.account.person_id == self.person_id)
            and (self.since is None or charge.at >= self.since)
        )


class CostTable:
    """Recently requested sums. A new day or week has another key, and is read from the file."""

    def __init__(self) -> None:
        self._known: FIFOCache[ChargeFilter, Cost] = FIFOCache(_MOST)

    def get(self, which: ChargeFilter) -> Cost | None:
        """Return a cached sum, or `None`."""
        return self._known.get(which)

    def put(self, which: ChargeFilter, cost: Cost) -> None:
        """Cache a sum that was read."""
        self._known[which] = cost

    def add(self, charge: Charge) -> None:
        """Add a new charge to all matching sums."""
        for which, total in tuple(self._known.items()):
            if which.is_match(charge):
                self._known[which] = total.add(charge)

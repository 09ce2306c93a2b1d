"""Sums that were asked for once, kept right in memory by whoever alone writes the file."""

from dataclasses import dataclass
from datetime import datetime

from cachetools import FIFOCache

from bot.domain.account import Charge
from bot.domain.cost import Cost

_MOST = 256  # sums: a day, a week, and each run and person of late


@dataclass(frozen=True)
class ChargeFilter:
    """The charges that are added up; what is `None` does not matter."""

    run_id: str | None
    person_id: int | None
    since: datetime | None

    def is_match(self, charge: Charge) -> bool:
        """Whether the charge is one of them."""
        return (
            (self.run_id is None or charge.account.run_id == self.run_id)
            and (self.person_id is None or charge.account.person_id == self.person_id)
            and (self.since is None or charge.at >= self.since)
        )


class CostTable:
    """The sums asked for of late. A new day or week is another sum, and is read anew."""

    def __init__(self) -> None:
        self._known: FIFOCache[ChargeFilter, Cost] = FIFOCache(_MOST)

    def get(self, which: ChargeFilter) -> Cost | None:
        """Return a sum that is known."""
        return self._known.get(which)

    def put(self, which: ChargeFilter, cost: Cost) -> None:
        """Keep a sum as it was read."""
        self._known[which] = cost

    def add(self, charge: Charge) -> None:
        """Add a charge that was written."""
        for which, spent in tuple(self._known.items()):
            if which.is_match(charge):
                self._known[which] = spent.add(charge)

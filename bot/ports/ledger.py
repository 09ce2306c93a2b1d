"""The ledger port: all requests to models and their cost."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.account import Charge
from bot.domain.cost import Cost
from bot.domain.spending import ChargeSum


class Ledger(Protocol):
    """Charges, appended and never changed. A call that has returned survives a crash.

    A ledger that cannot be used does not prevent a start: all calls raise `StoreError` until it
    can. One program at a time may write; for others writing raises `StoreError` and reading is
    allowed.
    """

    async def hold(self, charge: Charge) -> None:
        """Store a charge for a request that is sent now, replacing an earlier one with its `id`.

        It is not part of any sum, and is removed once that `id` is charged. What a killed program
        leaves is charged as stored when the ledger is opened again. The call is fast; a power cut
        may lose it.
        """
        ...

    async def charge(self, *charges: Charge) -> None:
        """Append the charges, all or none. An `id` that exists already is ignored."""
        ...

    async def sum_costs(
        self,
        *,
        run_id: str | None = None,
        person_id: int | None = None,
        since: datetime | None = None,
    ) -> Cost:
        """Return the sum of all matching charges at or after `since`.

        Without `since`, removed charges are included, but not whether they were estimated.
        """
        ...

    async def list_charges(self, *, since: datetime, limit: int = 1_000) -> Sequence[Charge]:
        """Return the charges, newest first."""
        ...

    async def sum_charges(self, *, since: datetime) -> Sequence[ChargeSum]:
        """Return the charges summed by day, account and model, oldest day first."""
        ...

    async def forget(self, older_than: datetime) -> int:
        """Remove older charges, except from the sums of runs; return how many."""
        ...

    async def begin(
        self, run_key: str, agent: str, now: datetime, *, window: timedelta, most: int
    ) -> datetime | None:
        """Record that an engine begins a change, if fewer than `most` began within `window`.

        Returns `None` if it may begin, else the time when the next one may, at most `window` from
        `now`. Atomic. `run_key` identifies one change begun by one agent: repeating it is allowed
        and counts once. Changes begun later than `now` count too, so that setting the clock back
        frees nothing.
        """
        ...

    async def count_changes(self, since: datetime) -> Mapping[str, int]:
        """Return the number of changes that each agent began since then."""
        ...

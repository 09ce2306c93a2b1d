"""The ledger port: every request to a model, and what it cost."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.account import Charge
from bot.domain.cost import Cost
from bot.domain.spending import ChargeSum


class Ledger(Protocol):
    """Charges, appended and never changed. What has returned survives a crash.

    A ledger that cannot be used keeps nobody from starting: everything asked of it raises
    `StoreError`, until it can be. One program at a time writes a ledger; to every other writing
    raises `StoreError`, and reading is allowed.
    """

    async def hold(self, charge: Charge) -> None:
        """Keep a charge for a request that goes out now, in place of an older one of its `id`.

        It counts nowhere, and is gone once that `id` is charged. What is left by a program that
        was killed is charged as it stands when the ledger is opened again. Not slow: a power cut
        may lose it.
        """
        ...

    async def charge(self, *charges: Charge) -> None:
        """Append them, all or none; the same `id` again is harmless, and changes nothing."""
        ...

    async def sum_costs(
        self,
        *,
        run_id: str | None = None,
        person_id: int | None = None,
        since: datetime | None = None,
    ) -> Cost:
        """Return what was spent by all that fits, `since` included; later ones all count.

        Without `since` what was forgotten counts as well; whether it was estimated is forgotten.
        """
        ...

    async def list_charges(self, *, since: datetime, limit: int = 1_000) -> Sequence[Charge]:
        """Return charges, newest first."""
        ...

    async def sum_charges(self, *, since: datetime) -> Sequence[ChargeSum]:
        """Return the charges added up by day, account and model, oldest day first."""
        ...

    async def forget(self, older_than: datetime) -> int:
        """Remove what is older, except from the sums of runs; return how many charges."""
        ...

    async def begin(
        self, run_key: str, agent: str, now: datetime, *, window: timedelta, most: int
    ) -> datetime | None:
        """Note that an engine begins to write a change, if fewer than `most` began in `window`.

        Returns `None` when it may, else the time when the next one may, at most `window` from
        `now`. Atomic. `run_key` names one change begun by one agent: asking again for it is allowed
        and counts once. What was begun later than `now` counts: a clock that is set back frees
        nothing.
        """
        ...

    async def count_changes(self, since: datetime) -> Mapping[str, int]:
        """Return how many changes each agent began since then."""
        ...

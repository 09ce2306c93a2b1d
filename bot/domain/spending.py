"""Spending against the caps: sums of charges, and what is left of each cap."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.account import Account
from bot.domain.budget import Cap
from bot.domain.cost import Cost

CapName = Literal["run", "audit", "person_day", "day", "week"]
Room = Literal["enough", "last words", "wait", "none"]

MOST_TOKENS = 10**12
"""No request uses more tokens; a larger number is an error."""
MOST_USD = 1_000_000.0
_TOKEN_RESERVE = 0.02  # the share of a token cap that is reserved for final answers


class ChargeSum(Cost):
    """The sum of the charges of one day (UTC), account and model."""

    day: date
    account: Account
    model: str
    requests: int = Field(default=0, ge=0, description="requests that were sent")
    refused: int = Field(default=0, ge=0, description="requests that were not sent")


class CapStatus(Record):
    """One cap: what was spent of it, and what is held for requests in progress."""

    name: CapName
    cap: Cap
    cost: Cost = Cost()
    held: Cost = Cost()
    free_at: AwareDatetime | None = Field(
        default=None, description="when the cap resets; null if it never does"
    )
    person_id: int | None = Field(default=None, description="the person, if it is a person's cap")

    def check_room(self, most: Cost, reserve_usd: float) -> Room:
        """Return whether a request that costs at most `most` fits into the cap.

        It fits ("enough"), fits only as a final answer ("last words"), has to wait until other
        requests release what they hold ("wait"), or does not fit ("none").
        """
        tokens = most.tokens_in + most.tokens_out
        rooms = [
            _compute_room(cap, reserve, cost, held, asked)
            for (cap, reserve, cost, held), asked in zip(
                self._list_measures(reserve_usd), (most.cost_usd, float(tokens)), strict=True
            )
            if cap is not None
        ]
        return max(rooms, key=_WORST.index, default="enough")

    def should_wrap_up(self, reserve_usd: float) -> bool:
        """Return whether only the reserve for final answers is left, or nothing."""
        return any(
            cap is not None and cap - cost <= reserve
            for cap, reserve, cost, _ in self._list_measures(reserve_usd)
        )

    def _list_measures(
        self, reserve_usd: float
    ) -> tuple[tuple[float | None, float, float, float], tuple[float | None, float, float, float]]:
        """Return cap, reserve, cost and held amount, first in dollars and then in tokens."""
        usd, tokens = self.cap.usd, self.cap.tokens
        return (
            (usd, min(reserve_usd, (usd or 0) / 2), self.cost.cost_usd, self.held.cost_usd),
            (
                None if tokens is None else float(tokens),
                (tokens or 0) * _TOKEN_RESERVE,
                float(self.cost.tokens_in + self.cost.tokens_out),
                float(self.held.tokens_in + self.held.tokens_out),
            ),
        )


_WORST: tuple[Room, ...] = ("enough", "last words", "wait", "none")


def _compute_room(cap: float, reserve: float, cost: float, held: float, asked: float) -> Room:
    left = cap - cost
    if left <= 0 or asked > left:
        return "none"
    last = asked > left - reserve
    if asked > left - held - (0 if last else reserve):
        return "wait"
    return "last words" if last else "enough"


class Share(Cost):
    """The cost of one person, run or purpose. `name` is an id or a purpose."""

    name: str
    requests: int = Field(default=0, ge=0)


class DayShare(Cost):
    """The cost of one purpose on one day."""

    day: date
    purpose: str


class Begun(Record):
    """The number of changes that one engine began to write in the last hour."""

    engine: str
    count: int = Field(ge=0)


class BudgetReport(Record):
    """All budget figures for people. Shares are of the current week, the largest first."""

    at: AwareDatetime
    day: CapStatus
    week: CapStatus
    run_cap: Cap
    people: tuple[CapStatus, ...] = Field(default=(), description="today, each against their cap")
    week_people: tuple[Share, ...] = ()
    runs: tuple[Share, ...] = ()
    purposes: tuple[Share, ...] = ()
    days: tuple[DayShare, ...] = Field(default=(), description="of the last 14 days, oldest first")
    requests: int = 0
    refused: int = 0
    begun: tuple[Begun, ...] = ()
    begun_most: int = 0
    trouble: str = Field(default="", description="why no model is used now, if that is so")

"""Spending limits for a run, a person, a day and a week."""

from pydantic import Field
from theseus_guard.record import Record


class Cap(Record):
    """A limit in US dollars and in tokens (input and output together); null means no limit."""

    usd: float | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)


class Price(Record):
    """Prices in US dollars for one million tokens."""

    tokens_in: float = Field(ge=0, allow_inf_nan=False)
    tokens_out: float = Field(ge=0, allow_inf_nan=False)
    cache_read: float = Field(ge=0, allow_inf_nan=False)
    cache_write: float = Field(ge=0, allow_inf_nan=False)


class BudgetRules(Record):
    """Caps for everything that models do, chat included. Days and weeks are in UTC.

    `reserve_usd` of each cap is reserved for the final answers of active work: once only the
    reserve is left, models may not call tools any more. `prices` are matched by the beginning of a
    model's name; the longest match applies, and overrides the built-in prices.
    """

    run: Cap = Cap(usd=6.0)
    person_day: Cap = Cap(usd=20.0)
    day: Cap = Cap(usd=40.0)
    week: Cap = Cap(usd=120.0)
    audit: Cap = Field(
        default=Cap(usd=0.5), description="a day, for reading in self-audits; 0: no model reads"
    )
    reserve_usd: float = Field(default=0.1, ge=0)
    modifications_an_hour: int = Field(
        default=5,
        ge=0,
        description="changes that a model, or any engine without being asked, may begin in an hour",
    )
    prices: dict[str, Price] = Field(default_factory=dict)

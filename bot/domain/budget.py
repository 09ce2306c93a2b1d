"""How much may be spent, by a run, a person, a day, a week."""

from pydantic import Field

from bot.domain.record import Record


class Cap(Record):
    """US dollars and tokens (in and out together); what is null is not capped."""

    usd: float | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)


class Price(Record):
    """US dollars for a million tokens."""

    tokens_in: float = Field(ge=0, allow_inf_nan=False)
    tokens_out: float = Field(ge=0, allow_inf_nan=False)
    cache_read: float = Field(ge=0, allow_inf_nan=False)
    cache_write: float = Field(ge=0, allow_inf_nan=False)


class BudgetRules(Record):
    """Caps hold for everything that models do, chat included. Days and weeks are of UTC.

    `reserve_usd` of each cap is kept back for the last words of what is under way: when only that
    is left, no tool may be called any more. `prices` go by the beginning of a model's name; the
    longest one that fits counts, before the ones that are built in.
    """

    run: Cap = Cap(usd=6.0)
    person_day: Cap = Cap(usd=20.0)
    day: Cap = Cap(usd=40.0)
    week: Cap = Cap(usd=120.0)
    reserve_usd: float = Field(default=0.1, ge=0)
    modifications_an_hour: int = Field(
        default=5,
        ge=0,
        description="changes a model, or any engine unasked, may begin in an hour",
    )
    prices: dict[str, Price] = Field(default_factory=dict)

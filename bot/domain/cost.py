"""The cost of a piece of work."""

from pydantic import Field
from theseus_guard.record import Record


class Cost(Record):
    """US dollars and tokens. Tokens read from a cache count as input tokens."""

    cost_usd: float = Field(default=0.0, ge=0)
    tokens_in: int = Field(default=0, ge=0)
    tokens_out: int = Field(default=0, ge=0)
    estimated: bool = Field(
        default=False, description="part of it is an estimate, because an answer broke off"
    )

    def add(self, other: "Cost") -> "Cost":
        """Return the sum of both costs."""
        return Cost(
            cost_usd=self.cost_usd + other.cost_usd,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            estimated=self.estimated or other.estimated,
        )

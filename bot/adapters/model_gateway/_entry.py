"""What is written down of a request: nothing of what was said in it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.adapters.model_gateway._answers import Refusal
from bot.adapters.model_gateway._asked import Asked, estimated
from bot.adapters.model_gateway._usage import Meter
from bot.domain.account import Account, Charge
from bot.domain.budget import Price
from bot.domain.prices import Usage, cost
from bot.domain.spent import Spent

GONE = 499  # whoever asked went away before there was an answer


@dataclass
class Entry:
    """One request, from its arrival to its charge."""

    at: datetime
    began: float
    account: Account
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: int = GONE
    outcome: Literal["ok", "error", "refused", "cancelled"] = "cancelled"
    asked: Asked | None = None
    meter: Meter | None = None
    free: bool = False
    sent: bool = False
    note: str = ""

    def most(self, prices: Mapping[str, Price]) -> Spent:
        """Return what it may come to."""
        if self.asked is None or self.free:
            return Spent()
        most = Usage(
            cache_creation_input_tokens=self.asked.tokens_in, output_tokens=self.asked.most_out
        )
        return cost(self.asked.model, most, prices)

    def refuse(self, refusal: Refusal) -> None:
        """Note that it was not answered by the provider."""
        self.status, self.note = refusal.status, refusal.told
        self.outcome = "error" if self.sent else "refused"

    def charge(self, prices: Mapping[str, Price], now: float) -> Charge:
        """Return what is to be written down."""
        usage, is_estimate = self._usage()
        model = self.asked.model if self.asked else ""
        spent = Spent() if usage is None else cost(model, usage, prices)
        return Charge(
            id=self.id,
            at=self.at,
            account=self.account,
            model=model,
            status=self.status,
            outcome=self.outcome,
            seconds=max(0.0, now - self.began),
            redacted=self.asked.redacted if self.asked else 0,
            estimated=is_estimate,
            note=self.note,
            **dict(spent),
        )

    def _usage(self) -> tuple[Usage | None, bool]:
        """Return what was used, and whether that is a guess, as it broke off."""
        if self.free or not self.sent or self.asked is None:
            return None, False
        if self.meter is None:  # nothing came; what was refused costs nothing
            return (
                (Usage(input_tokens=self.asked.tokens_in), True) if self._unsure else (None, False)
            )
        told = self.meter.usage
        if self.meter.complete and told:
            return told, False
        told = told or Usage(input_tokens=self.asked.tokens_in)
        written = max(told.output_tokens, estimated(self.meter.written))
        return told.but(output_tokens=written), True

    @property
    def _unsure(self) -> bool:
        """Whether the provider may have worked on it without our hearing of it."""
        return self.status == GONE or self.outcome == "cancelled"

"""What is written down of a request: nothing of what was said in it."""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot.adapters.model_gateway._answers import GatewayRefusal
from bot.adapters.model_gateway._model_request import ModelRequest
from bot.adapters.model_gateway._usage import Meter
from bot.budget.prices import Usage, cost, is_listed
from bot.domain.account import Account, Charge
from bot.domain.budget import Price
from bot.domain.spent import Spent

_A_SECOND = 100  # tokens a model writes in one, about the most
_WRITTEN_BYTES = 2  # a token, of what came of an answer that broke off
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
    asked: ModelRequest | None = None
    meter: Meter | None = None
    free: bool = False
    sent: bool = False
    note: str = ""
    unsure: bool = False

    def most(self, prices: Mapping[str, Price]) -> Spent:
        """Return what it may come to."""
        if self.asked is None or self.free:
            return Spent()
        most = _read_anew(self.asked).but(output_tokens=self.asked.most_out)
        return cost(self.asked.model, most, prices)

    def likely(self, prices: Mapping[str, Price], read_before: int) -> Spent:
        """Return what it may come to where so many tokens of it are in the provider's cache."""
        if self.asked is None or self.free:
            return Spent()
        known = min(read_before, self.asked.tokens_in)
        usage = _read_anew(replace(self.asked, tokens_in=self.asked.tokens_in - known))
        usage = usage.but(cache_read_input_tokens=known, output_tokens=self.asked.most_out)
        return cost(self.asked.model, usage, prices)

    def refuse(self, refusal: GatewayRefusal) -> None:
        """Note that it was not answered by the provider."""
        self.status, self.note = refusal.status, refusal.told
        self.outcome = "error" if self.sent else "refused"
        self.unsure = refusal.unsure

    def charge(self, prices: Mapping[str, Price], now: float) -> Charge:
        """Return what is to be written down."""
        seconds = max(0.0, now - self.began)
        usage, is_estimate = self._usage(seconds)
        model = self.asked.model if self.asked else ""
        spent = Spent() if usage is None else self._cost(model, usage, prices)
        return Charge(
            id=self.id,
            at=self.at,
            account=self.account,
            model=model,
            status=self.status,
            outcome=self.outcome,
            seconds=seconds,
            redacted=self.asked.redacted if self.asked else 0,
            note=self.note,
            **dict(spent.but(estimated=is_estimate)),
        )

    def _cost(self, model: str, usage: Usage, prices: Mapping[str, Price]) -> Spent:
        """Return what it came to: where another model answered, of the dearer one."""
        spent = cost(model, usage, prices)
        answered = self.meter.model if self.meter else ""
        if not is_listed(answered, prices):
            return spent
        return max(spent, cost(answered, usage, prices), key=lambda each: each.cost_usd)

    def _usage(self, seconds: float) -> tuple[Usage | None, bool]:
        """Return what was used, and whether that is a guess, as it broke off."""
        if self.free or not self.sent or self.asked is None:
            return None, False
        if self.meter is None:  # nothing came; what was refused costs nothing
            return (
                (_guess(self.asked, Usage(), 0, seconds), True) if self._unsure else (None, False)
            )
        told = self.meter.usage or Usage()
        if self.meter.complete:
            return told, False
        return _guess(self.asked, told, self.meter.written, seconds), True

    @property
    def _unsure(self) -> bool:
        """Whether the provider may have worked on it without our hearing of it."""
        return self.unsure or self.status == GONE or self.outcome == "cancelled"


def _read_anew(asked: ModelRequest) -> Usage:
    """Return what a request is paid for where nothing of it is in the cache, and all goes there."""
    kept = asked.tokens_in if asked.hour else 0
    return Usage(cache_creation_input_tokens=asked.tokens_in, ephemeral_1h_input_tokens=kept)


def _guess(asked: ModelRequest, told: Usage, written: int, seconds: float) -> Usage:
    """Return what may have been used: no less than was told, seen, and had time to be written."""
    if not told.tokens_in:
        told = _read_anew(asked).but(output_tokens=told.output_tokens)
    unseen = math.ceil(seconds * _A_SECOND) if asked.unseen else 0
    out = min(asked.most_out, max(-(-written // _WRITTEN_BYTES), unseen))
    return told.but(output_tokens=max(told.output_tokens, out))

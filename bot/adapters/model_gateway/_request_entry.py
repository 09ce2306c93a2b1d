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
from bot.budget.prices import Usage, calculate_cost, is_listed
from bot.domain.account import Account, Charge
from bot.domain.budget import Price
from bot.domain.cost import Cost

_A_SECOND = 100  # tokens a model writes in one, about the most
_WRITTEN_BYTES = 2  # a token, of what came of an answer that broke off
GONE = 499  # whoever asked went away before there was an answer


@dataclass
class Entry:
    """One request, from its arrival to its charge."""

    at: datetime
    start: float
    account: Account
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: int = GONE
    outcome: Literal["ok", "error", "refused", "cancelled"] = "cancelled"
    request: ModelRequest | None = None
    meter: Meter | None = None
    free: bool = False
    sent: bool = False
    note: str = ""
    unsure: bool = False

    def estimate_maximum(self, prices: Mapping[str, Price]) -> Cost:
        """Return what it may come to."""
        if self.request is None or self.free:
            return Cost()
        most = _build_uncached_usage(self.request).replace(output_tokens=self.request.most_out)
        return calculate_cost(self.request.model, most, prices)

    def estimate_likely(self, prices: Mapping[str, Price], read_before: int) -> Cost:
        """Return what it may come to where so many tokens of it are in the provider's cache."""
        if self.request is None or self.free:
            return Cost()
        known = min(read_before, self.request.tokens_in)
        usage = _build_uncached_usage(
            replace(self.request, tokens_in=self.request.tokens_in - known)
        )
        usage = usage.replace(cache_read_input_tokens=known, output_tokens=self.request.most_out)
        return calculate_cost(self.request.model, usage, prices)

    def refuse(self, refusal: GatewayRefusal) -> None:
        """Note that it was not answered by the provider."""
        self.status, self.note = refusal.status, refusal.message
        self.outcome = "error" if self.sent else "refused"
        self.unsure = refusal.unsure

    def charge(self, prices: Mapping[str, Price], now: float) -> Charge:
        """Return what is to be written down."""
        seconds = max(0.0, now - self.start)
        usage, is_estimate = self._get_usage(seconds)
        model = self.request.model if self.request else ""
        spent = Cost() if usage is None else self._calculate_cost(model, usage, prices)
        return Charge(
            id=self.id,
            at=self.at,
            account=self.account,
            model=model,
            status=self.status,
            outcome=self.outcome,
            seconds=seconds,
            redacted=self.request.redacted if self.request else 0,
            note=self.note,
            **dict(spent.replace(estimated=is_estimate)),
        )

    def _calculate_cost(self, model: str, usage: Usage, prices: Mapping[str, Price]) -> Cost:
        """Return what it came to: where another model answered, of the dearer one."""
        spent = calculate_cost(model, usage, prices)
        answered = self.meter.model if self.meter else ""
        if not is_listed(answered, prices):
            return spent
        return max(spent, calculate_cost(answered, usage, prices), key=lambda each: each.cost_usd)

    def _get_usage(self, seconds: float) -> tuple[Usage | None, bool]:
        """Return what was used, and whether that is a guess, as it broke off."""
        if self.free or not self.sent or self.request is None:
            return None, False
        if self.meter is None:  # nothing came; what was refused costs nothing
            return (
                (_guess(self.request, Usage(), 0, seconds), True) if self._unsure else (None, False)
            )
        told = self.meter.usage or Usage()
        if self.meter.complete:
            return told, False
        return _guess(self.request, told, self.meter.written, seconds), True

    @property
    def _unsure(self) -> bool:
        """Whether the provider may have worked on it without our hearing of it."""
        return self.unsure or self.status == GONE or self.outcome == "cancelled"


def _build_uncached_usage(request: ModelRequest) -> Usage:
    """Return what a request is paid for where nothing of it is in the cache, and all goes there."""
    kept = request.tokens_in if request.hour else 0
    return Usage(cache_creation_input_tokens=request.tokens_in, ephemeral_1h_input_tokens=kept)


def _guess(request: ModelRequest, reported: Usage, written: int, seconds: float) -> Usage:
    """Return what may have been used: no less than was told, seen, and had time to be written."""
    if not reported.tokens_in:
        reported = _build_uncached_usage(request).replace(output_tokens=reported.output_tokens)
    unseen = math.ceil(seconds * _A_SECOND) if request.unseen else 0
    out = min(request.most_out, max(-(-written // _WRITTEN_BYTES), unseen))
    return reported.replace(output_tokens=max(reported.output_tokens, out))

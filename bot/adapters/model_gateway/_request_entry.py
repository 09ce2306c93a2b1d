"""The record of a request, without any of its text."""

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

_A_SECOND = 100  # tokens that a model writes per second, at most
_AHEAD_BYTES, AHEAD_SECONDS = 4_000, 30.0  # what an answer is charged ahead while it streams
_WRITTEN_BYTES = 2  # per token, to estimate the tokens of an interrupted answer
GONE = 499  # the program closed the connection before there was an answer


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
    _covered: tuple[int, float] = (-1, -math.inf)  # bytes and time of the last `charge_ahead`

    def estimate_maximum(self, prices: Mapping[str, Price]) -> Cost:
        """Return the maximum cost of the request."""
        if self.request is None or self.free:
            return Cost()
        usage = _build_uncached_usage(self.request).replace(output_tokens=self.request.most_out)
        return calculate_cost(self.request.model, usage, prices)

    def estimate_likely(self, prices: Mapping[str, Price], read_before: int) -> Cost:
        """Return the maximum cost if so many of its tokens are in the provider's cache."""
        if self.request is None or self.free:
            return Cost()
        cached = min(read_before, self.request.tokens_in)
        usage = _build_uncached_usage(
            replace(self.request, tokens_in=self.request.tokens_in - cached)
        )
        usage = usage.replace(cache_read_input_tokens=cached, output_tokens=self.request.most_out)
        return calculate_cost(self.request.model, usage, prices)

    def refuse(self, refusal: GatewayRefusal) -> None:
        """Record that the provider did not answer the request."""
        self.status, self.note = refusal.status, refusal.message
        self.outcome = "error" if self.sent else "refused"
        self.unsure = refusal.unsure

    def charge_ahead(self, prices: Mapping[str, Price], now: float) -> Charge | None:
        """Return what the answer costs until a bit more has been streamed.

        Returns `None` if the last such charge still covers what was streamed.
        """
        written = self.meter.written if self.meter else 0
        covered_bytes, covered_until = self._covered
        if written <= covered_bytes and now < covered_until:
            return None
        self._covered = written + _AHEAD_BYTES, now + AHEAD_SECONDS
        return self.charge(prices, now + AHEAD_SECONDS, more=_AHEAD_BYTES)

    def charge(self, prices: Mapping[str, Price], now: float, *, more: int = 0) -> Charge:
        """Return the charge to record, as if `more` bytes of text had been received."""
        seconds = max(0.0, now - self.start)
        usage, is_estimate = self._get_usage(seconds, more)
        model = self.request.model if self.request else ""
        cost = Cost() if usage is None else self._calculate_cost(model, usage, prices)
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
            **dict(cost.replace(estimated=is_estimate)),
        )

    def _calculate_cost(self, model: str, usage: Usage, prices: Mapping[str, Price]) -> Cost:
        """Return the cost; if another model answered, the cost by the more expensive model."""
        cost = calculate_cost(model, usage, prices)
        actual_model = self.meter.model if self.meter else ""
        if not is_listed(actual_model, prices):
            return cost
        return max(
            cost,
            calculate_cost(actual_model, usage, prices),
            key=lambda candidate: candidate.cost_usd,
        )

    def _get_usage(self, seconds: float, more: int) -> tuple[Usage | None, bool]:
        """Return the usage, and whether it is an estimate because the answer was interrupted."""
        if self.free or not self.sent or self.request is None:
            return None, False
        if self.meter is None:  # nothing was received; a refused request costs nothing
            return (
                (_guess(self.request, Usage(), more, seconds), True)
                if self._unsure
                else (None, False)
            )
        reported = self.meter.usage or Usage()
        if self.meter.complete:
            return reported, False
        return _guess(self.request, reported, self.meter.written + more, seconds), True

    @property
    def _unsure(self) -> bool:
        """True if the provider may have worked on the request without our knowledge."""
        return self.unsure or self.status == GONE or self.outcome == "cancelled"


def _build_uncached_usage(request: ModelRequest) -> Usage:
    """Return the usage of a request if nothing is cached, and all of it is written to the cache."""
    one_hour = request.tokens_in if request.hour else 0
    return Usage(cache_creation_input_tokens=request.tokens_in, ephemeral_1h_input_tokens=one_hour)


def _guess(request: ModelRequest, reported: Usage, written: int, seconds: float) -> Usage:
    """Return a lower bound of the usage: by the reported tokens, the received text and the time."""
    if not reported.tokens_in:
        reported = _build_uncached_usage(request).replace(output_tokens=reported.output_tokens)
    unseen = math.ceil(seconds * _A_SECOND) if request.unseen else 0
    out = min(request.most_out, max(-(-written // _WRITTEN_BYTES), unseen))
    return reported.replace(output_tokens=max(reported.output_tokens, out))

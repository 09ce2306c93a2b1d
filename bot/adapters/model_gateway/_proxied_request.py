"""One request on its way to the provider, and the answer on its way back."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import aiohttp
from aiohttp import web

from bot.adapters.model_gateway._answers import (
    GatewayRefusal,
    no_spend_guard,
    ruled_out,
    too_large,
    too_slow,
    unreachable,
    wrong,
)
from bot.adapters.model_gateway._circuit_breaker import CircuitBreaker
from bot.adapters.model_gateway._connection_limiter import GatewayLimits
from bot.adapters.model_gateway._headers import COUNT, coming_back, going_on, target
from bot.adapters.model_gateway._leases import Lent
from bot.adapters.model_gateway._model_request import (
    BodyRedactor,
    ModelRequest,
    read,
    shorter,
    with_word,
)
from bot.adapters.model_gateway._provider import Provider
from bot.adapters.model_gateway._request_entry import Entry
from bot.adapters.model_gateway._usage import Meter
from bot.domain.budget import Price
from bot.domain.errors import BudgetSpent, PolicyError, TheseusError
from bot.ports.spend_guard import SpendGuard

OK = 200
LIMITED = 429
SHORTER = (8_000, 2_000)  # tokens an answer may have where the one asked for may be too dear
_ERROR_BYTES = 256 * 1024
_LARGE = 32 * 1024  # bytes; what is larger is looked through in a thread
_STREAM = "text/event-stream"
_ITS_FAULT = frozenset({"overloaded_error", "api_error", "timeout_error"})
_BROKE_OFF = "The provider's answer broke off."


@dataclass(frozen=True)
class ProxyRules:
    """What every request goes by. `clean` takes secrets out of what the provider says in words."""

    spend_guard: SpendGuard
    breaker: CircuitBreaker
    provider: Provider
    redactor: BodyRedactor
    clean: Callable[[str], str]
    prices: Mapping[str, Price]
    most_bytes: int
    limits: GatewayLimits


class ProxiedRequest:
    """Carries one request out. What becomes of it is noted in `entry`, whatever happens."""

    def __init__(self, rules: ProxyRules, lent: Lent, entry: Entry) -> None:
        self._rules = rules
        self._lent = lent
        self._entry = entry
        self._estimate = 0

    async def carry_out(self, http: web.Request) -> web.StreamResponse:
        """Return the answer. Raises `GatewayRefusal`."""
        path = target(http)
        self._entry.free = path == COUNT
        async with self._lent.reading:
            asked = await self._read(http)
        self._estimate = asked.tokens_in
        tokens_in = math.ceil(asked.tokens_in * self._lent.density)
        self._entry.asked = replace(asked, tokens_in=tokens_in)
        if not (self._entry.free or self._entry.asked.most_out):
            raise wrong("The body needs `max_tokens`, from 1 to 1,000,000: what it may cost.")
        asked = await self._admitted(self._entry.asked)
        breaker = self._rules.breaker
        self._lent.limited_until = breaker.limited_until(asked.model)
        breaker.check(asked.model, self._entry.id)
        try:
            return await self._passed_on(path, asked, http)
        finally:
            breaker.left(self._entry.id)

    async def _read(self, http: web.Request) -> ModelRequest:
        try:
            async with asyncio.timeout(self._rules.limits.body):
                raw = await http.read()
        except TimeoutError as error:
            raise too_slow() from error
        except web.HTTPRequestEntityTooLarge as error:
            raise too_large(self._rules.most_bytes) from error
        redactor = self._rules.redactor
        if len(raw) > _LARGE:
            return await asyncio.to_thread(read, raw, redactor)
        return read(raw, redactor)

    async def _admitted(self, asked: ModelRequest) -> ModelRequest:
        """Ask whether it may go out; what the model should know of that is added to it."""
        try:
            asked, word = await self._affordable(asked)
        except PolicyError as error:
            raise ruled_out(error) from error
        except TheseusError as error:  # nothing goes out that cannot be written down
            raise no_spend_guard(error) from error
        self._lent.refused = None
        return with_word(asked, word) if word and not self._entry.free else asked

    async def _affordable(self, asked: ModelRequest) -> tuple[ModelRequest, str]:
        """Ask the spend guard; for shorter answers where so long a one may be too dear."""
        choices = [asked] if self._entry.free else [asked, *shorter(asked, SHORTER)]
        for choice in choices:
            self._entry.asked = choice
            try:
                word = await self._admit()
            except BudgetSpent:
                if choice is choices[-1]:
                    raise
                continue
            if not word or choice is choices[-1]:
                return choice, word
        raise AssertionError("there is always a last choice")

    async def _admit(self) -> str:
        entry, most = self._entry, self._entry.most(self._rules.prices)
        likely = entry.likely(self._rules.prices, self._lent.read_before)
        if not self._lent.hold(entry.id, likely.cost_usd):
            raise BudgetSpent(f"The {self._lent.usd:.2f} $ for this call are spent.")
        return await self._rules.spend_guard.admit(entry.account, most, entry.id)

    async def _passed_on(
        self, path: str, asked: ModelRequest, http: web.Request
    ) -> web.StreamResponse:
        entry, headers = self._entry, going_on(http.headers)
        entry.sent = True
        try:
            async with self._rules.provider.ask(path, headers, asked.body) as answer:
                entry.status, entry.outcome = answer.status, "error"
                if answer.status == OK:
                    return await self._streamed(answer, http)
                return await self._failed(answer, asked.model)
        except GatewayRefusal:
            self._rules.breaker.failed()
            raise

    async def _streamed(
        self, answer: aiohttp.ClientResponse, http: web.Request
    ) -> web.StreamResponse:
        """Hand on each piece as it comes."""
        entry = self._entry
        entry.outcome = "cancelled"  # until it is over
        meter = entry.meter = Meter(streams=answer.content_type == _STREAM)
        response = web.StreamResponse(headers=coming_back(answer.headers, self._rules.clean))
        try:
            await response.prepare(http)
            while piece := await _piece(answer):
                meter.feed(piece)
                async with asyncio.timeout(self._rules.limits.taken):
                    await response.write(piece)
        except _BrokeOff:
            self._broke_off(_BROKE_OFF)
            _cut(http)
            return response
        except TimeoutError:
            entry.note = "Whoever asked did not take the answer."
            _cut(http)
            return response
        except ConnectionResetError:  # whoever asked went away
            return response
        finally:
            meter.end()
        self._ended(meter)
        return response

    def _ended(self, meter: Meter) -> None:
        """Note an answer that came to its end."""
        if meter.failed in _ITS_FAULT:
            self._broke_off(f"The provider failed in the middle of its answer ({meter.failed}).")
        elif meter.failed or not (meter.complete or self._entry.free):
            self._entry.outcome, self._entry.note = "error", _BROKE_OFF
        else:
            self._entry.outcome = "ok"
            if meter.usage is not None:
                self._lent.learn(self._estimate, meter.usage.tokens_in)
                self._lent.read_before = meter.usage.tokens_in
            self._rules.breaker.went_well()

    def _broke_off(self, note: str) -> None:
        self._entry.outcome, self._entry.note = "error", note
        self._rules.breaker.failed()

    async def _failed(self, answer: aiohttp.ClientResponse, model: str) -> web.Response:
        """Hand on what went wrong, without any secret it may repeat."""
        entry, breaker, status = self._entry, self._rules.breaker, answer.status
        if status < 400:
            raise unreachable("The model's provider sent us elsewhere.")
        told = await _start_of(answer)
        entry.note = f"The provider answered {status}."
        if status >= 500:
            breaker.failed()
        else:
            breaker.went_well()
        if status == LIMITED:
            self._lent.limited_until = breaker.note_limit(model, answer.headers)
        return web.Response(
            status=status,
            body=self._rules.clean(told).encode(),
            headers=coming_back(answer.headers, self._rules.clean),
        )


class _BrokeOff(Exception):
    """The provider's answer did not come to its end."""


def _cut(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.abort()


async def _piece(answer: aiohttp.ClientResponse) -> bytes:
    try:
        return await answer.content.readany()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _BrokeOff from error


async def _start_of(answer: aiohttp.ClientResponse) -> str:
    """Return as much of an error as anybody needs."""
    found = bytearray()
    try:
        while len(found) < _ERROR_BYTES and (piece := await _piece(answer)):
            found += piece
    except _BrokeOff as error:
        raise unreachable(_BROKE_OFF) from error
    return found[:_ERROR_BYTES].decode("utf-8", "replace")

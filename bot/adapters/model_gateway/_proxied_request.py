"""Forwards one request to the provider, and its response back."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import aiohttp
from aiohttp import web

from bot.adapters.model_gateway._answers import (
    GatewayRefusal,
    refuse_by_policy,
    refuse_invalid,
    refuse_too_large,
    refuse_too_slow,
    refuse_unreachable,
    refuse_unrecorded,
)
from bot.adapters.model_gateway._circuit_breaker import CircuitBreaker, FailureKind
from bot.adapters.model_gateway._connection_limiter import GatewayLimits
from bot.adapters.model_gateway._headers import (
    COUNT,
    build_request_headers,
    build_response_headers,
    parse_target,
)
from bot.adapters.model_gateway._leases import Lease
from bot.adapters.model_gateway._model_request import (
    BodyRedactor,
    ModelRequest,
    append_note,
    iterate_shorter,
    read,
)
from bot.adapters.model_gateway._provider import Provider
from bot.adapters.model_gateway._request_entry import AHEAD_SECONDS, Entry
from bot.adapters.model_gateway._usage import Meter
from bot.domain.budget import Price
from bot.domain.errors import BudgetSpent, PolicyError, TheseusError
from bot.ports.clock import Clock
from bot.ports.spend_guard import SpendGuard

OK = 200
LIMITED = 429
SHORTER = (8_000, 2_000)  # token limits for an answer if the requested limit may exceed the budget
_ERROR_BYTES = 256 * 1024
_LARGE = 32 * 1024  # bytes; larger bodies are processed in a thread
_STREAM = "text/event-stream"
_OVERLOADED = "overloaded_error"
_OVERLOAD_STATUSES = frozenset({503, 529})
_ITS_FAULT = frozenset({_OVERLOADED, "api_error", "timeout_error"})
_BROKE_OFF = "The provider's answer was interrupted."


@dataclass(frozen=True)
class ProxyRules:
    """The rules for every request. `clean` removes secrets from the provider's texts."""

    spend_guard: SpendGuard
    clock: Clock
    breaker: CircuitBreaker
    provider: Provider
    redactor: BodyRedactor
    clean: Callable[[str], str]
    prices: Mapping[str, Price]
    most_bytes: int
    limits: GatewayLimits


class ProxiedRequest:
    """Forwards one request. The result is recorded in `entry` in any case."""

    def __init__(self, rules: ProxyRules, lease: Lease, entry: Entry) -> None:
        self._rules = rules
        self._lease = lease
        self._entry = entry
        self._estimate = 0

    async def carry_out(self, http: web.Request) -> web.StreamResponse:
        """Return the response. Raises `GatewayRefusal`."""
        path = parse_target(http)
        self._entry.free = path == COUNT
        async with self._lease.reading:
            request = await self._read(http)
        self._estimate = request.tokens_in
        tokens_in = math.ceil(request.tokens_in * self._lease.density)
        self._entry.request = replace(request, tokens_in=tokens_in)
        if not (self._entry.free or self._entry.request.most_out):
            raise refuse_invalid(
                "The body needs `max_tokens` from 1 to 1,000,000, which limits its cost."
            )
        request = await self._prepare(self._entry.request)
        breaker = self._rules.breaker
        self._lease.limited_until = breaker.get_limit_end(request.model)
        breaker.check(request.model, self._entry.id)
        try:
            return await self._forward(path, request, http)
        finally:
            breaker.release(self._entry.id)

    async def _read(self, http: web.Request) -> ModelRequest:
        try:
            async with asyncio.timeout(self._rules.limits.body):
                raw = await http.read()
        except TimeoutError as error:
            raise refuse_too_slow() from error
        except web.HTTPRequestEntityTooLarge as error:
            raise refuse_too_large(self._rules.most_bytes) from error
        redactor = self._rules.redactor
        if len(raw) > _LARGE:
            return await asyncio.to_thread(read, raw, redactor)
        return read(raw, redactor)

    async def _prepare(self, request: ModelRequest) -> ModelRequest:
        """Check whether the request may be sent; add a note for the model if needed."""
        try:
            request, note = await self._ask_spend_guard(request)
        except PolicyError as error:
            raise refuse_by_policy(error) from error
        except TheseusError as error:  # requests that cannot be recorded are not sent
            raise refuse_unrecorded(error) from error
        self._lease.refused = None
        return append_note(request, note) if note and not self._entry.free else request

    async def _ask_spend_guard(self, request: ModelRequest) -> tuple[ModelRequest, str]:
        """Ask the spend guard; try shorter answers if the requested one may be too expensive."""
        choices = [request] if self._entry.free else [request, *iterate_shorter(request, SHORTER)]
        for choice in choices:
            self._entry.request = choice
            try:
                note = await self._admit()
            except BudgetSpent:
                if choice is choices[-1]:
                    raise
                continue
            if not note or choice is choices[-1]:
                return choice, note
        raise AssertionError("there is always a last choice")

    async def _admit(self) -> str:
        entry, maximum = self._entry, self._entry.estimate_maximum(self._rules.prices)
        likely = entry.estimate_likely(self._rules.prices, self._lease.read_before)
        if not self._lease.hold(entry.id, likely.cost_usd):
            raise BudgetSpent(f"The budget of {self._lease.usd:.2f} $ for this call is used up.")
        return await self._rules.spend_guard.admit(entry.account, maximum, entry.id)

    async def _forward(
        self, path: str, request: ModelRequest, http: web.Request
    ) -> web.StreamResponse:
        entry, headers = self._entry, build_request_headers(http.headers)
        entry.sent = True
        await self._note_progress()
        silence = asyncio.create_task(self._charge_silence(), name=f"charge ahead {entry.id}")
        try:
            async with self._rules.provider.ask(path, headers, request.body) as answer:
                entry.status, entry.outcome = answer.status, "error"
                if answer.status == OK:
                    return await self._stream(answer, http)
                return await self._forward_failure(answer, request.model)
        except GatewayRefusal:
            self._rules.breaker.record_failure("unreachable")
            raise
        finally:
            silence.cancel()
            await asyncio.wait([silence])

    async def _stream(
        self, answer: aiohttp.ClientResponse, http: web.Request
    ) -> web.StreamResponse:
        """Forward each piece as it arrives."""
        entry = self._entry
        entry.outcome = "cancelled"  # until the answer is complete
        meter = entry.meter = Meter(streams=answer.content_type == _STREAM)
        response = web.StreamResponse(
            headers=build_response_headers(answer.headers, self._rules.clean)
        )
        try:
            await response.prepare(http)
            while piece := await _read_piece(answer):
                meter.feed(piece)
                await self._note_progress()
                async with asyncio.timeout(self._rules.limits.drain):
                    await response.write(piece)
        except _StreamBroken:
            self._note_break(_BROKE_OFF, "interrupted")
            _cut(http)
            return response
        except TimeoutError:
            entry.note = "The program did not read the answer."
            _cut(http)
            return response
        except ConnectionResetError:  # the program closed the connection
            return response
        finally:
            meter.end()
        self._finish(meter)
        return response

    async def _charge_silence(self) -> None:
        """Keep the stored cost up to date while nothing arrives: a model may think unseen."""
        while True:
            await self._rules.clock.sleep(AHEAD_SECONDS)
            await self._note_progress()

    async def _note_progress(self) -> None:
        """Store the cost so far, so that a kill does not charge the maximum."""
        if self._entry.free:
            return
        charge = self._entry.charge_ahead(self._rules.prices, self._rules.clock.monotonic())
        if charge is not None:
            await self._rules.spend_guard.note_progress(charge)

    def _finish(self, meter: Meter) -> None:
        """Record an answer that arrived completely."""
        if meter.failed in _ITS_FAULT:
            self._note_break(
                f"The provider failed in the middle of its answer ({meter.failed}).",
                "overloaded" if meter.failed == _OVERLOADED else "failing",
            )
        elif meter.failed or not (meter.complete or self._entry.free):
            self._entry.outcome, self._entry.note = "error", _BROKE_OFF
        else:
            self._entry.outcome = "ok"
            if meter.usage is not None:
                self._lease.learn(self._estimate, meter.usage.tokens_in)
                self._lease.read_before = meter.usage.tokens_in
            self._rules.breaker.record_success()

    def _note_break(self, note: str, kind: FailureKind) -> None:
        self._entry.outcome, self._entry.note = "error", note
        self._rules.breaker.record_failure(kind)

    async def _forward_failure(self, answer: aiohttp.ClientResponse, model: str) -> web.Response:
        """Forward an error response, without secrets that it may repeat."""
        entry, breaker, status = self._entry, self._rules.breaker, answer.status
        if status < 400:
            raise refuse_unreachable("The model's provider redirected the request.")
        text = await _start_of(answer)
        entry.note = f"The provider answered {status}."
        # A refusal (4xx) also shows that the provider works.
        if status >= 500:
            breaker.record_failure("overloaded" if status in _OVERLOAD_STATUSES else "failing")
        else:
            breaker.record_success()
        if status == LIMITED:
            self._lease.limited_until = breaker.note_limit(model, answer.headers)
        return web.Response(
            status=status,
            body=self._rules.clean(text).encode(),
            headers=build_response_headers(answer.headers, self._rules.clean),
        )


class _StreamBroken(Exception):
    """The provider's answer ended early."""


def _cut(http: web.Request) -> None:
    if http.transport is not None:
        # A normal end would make a part of the answer look complete.
        http.transport.abort()


async def _read_piece(answer: aiohttp.ClientResponse) -> bytes:
    try:
        return await answer.content.readany()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _StreamBroken from error


async def _start_of(answer: aiohttp.ClientResponse) -> str:
    """Return the beginning of an error response."""
    received = bytearray()
    try:
        while len(received) < _ERROR_BYTES and (piece := await _read_piece(answer)):
            received += piece
    except _StreamBroken as error:
        raise refuse_unreachable(_BROKE_OFF) from error
    return received[:_ERROR_BYTES].decode("utf-8", "replace")

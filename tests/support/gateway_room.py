"""The model gateway between a client and a provider that a test writes, on real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from theseus_observe.redaction import redact

from bot.adapters.model_gateway import HttpModelGateway, Upstream
from bot.domain.account import Account, Charge
from bot.ports.model_gateway import GatewayLease
from bot.ports.spend_guard import SpendGuard
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.twins.model._responses import encode_event

KEY = "sk-ant-api03-" + "Zt9" * 31
ALICES = Account(purpose="execute", person_id=1, run_id="k7m2xq")
BOBS = Account(purpose="chat", person_id=2)
Json = dict[str, object]
Answers = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_body(content: object = "Hello.", **more: object) -> Json:
    """Return a request as the program makes it."""
    said = [{"role": "user", "content": content}]
    asked = {"model": "claude-sonnet-5-5", "max_tokens": 1_000, "messages": said, "stream": True}
    return {**asked, **more}


def make_events(tokens_in: int = 1_000, tokens_out: int = 200, text: str = "Hello.") -> list[bytes]:
    """Return a streamed answer, an event each."""
    usage = {"input_tokens": tokens_in, "output_tokens": 1, "cache_read_input_tokens": 0}
    delta = {"type": "text_delta", "text": text}
    return [
        encode_event("message_start", {"message": {"id": "msg_1", "usage": usage}}),
        encode_event("content_block_start", {"index": 0, "content_block": {"type": "text"}}),
        encode_event("content_block_delta", {"index": 0, "delta": delta}),
        encode_event("content_block_stop", {"index": 0}),
        encode_event("message_delta", {"delta": {}, "usage": {"output_tokens": tokens_out}}),
        encode_event("message_stop", {}),
    ]


async def start_stream(http: web.Request) -> web.StreamResponse:
    """Return an answer that is being streamed."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(http)
    return response


async def answer_normally(http: web.Request) -> web.StreamResponse:
    """Answer as any provider would."""
    if http.path.endswith("count_tokens"):
        return web.json_response({"input_tokens": 12})
    if (await http.json()).get("stream"):
        response = await start_stream(http)
        for event in make_events():
            await response.write(event)
        return response
    usage = {"input_tokens": 1_000, "output_tokens": 200}
    return web.json_response({"id": "msg_1", "content": [], "usage": usage})


def make_failing(
    status: int, headers: Mapping[str, str] | None = None, text: str = "no"
) -> Answers:
    """Answer every request with that."""

    async def fail(http: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers, text=text)

    return fail


@dataclass
class ReceivedRequest:
    """What reached the provider."""

    path: str
    headers: CIMultiDict[str]
    body: Mapping[str, Any]
    left: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Provider:
    """Answers as `answer` does, and keeps what arrived."""

    answer: Answers = answer_normally
    requests: list[ReceivedRequest] = field(default_factory=list)
    has_request: asyncio.Event = field(default_factory=asyncio.Event)
    base_url: str = ""

    async def serve(self, http: web.Request) -> web.StreamResponse:
        """Take one request."""
        request = ReceivedRequest(
            http.path_qs, CIMultiDict(http.headers), json.loads(await http.read())
        )
        self.requests.append(request)
        self.has_request.set()
        try:
            return await self.answer(http)
        finally:
            request.left.set()

    @property
    def last(self) -> ReceivedRequest:
        """The newest request."""
        return self.requests[-1]


@dataclass
class GatewayRoom:
    """An open gateway, and all around it."""

    gateway: HttpModelGateway
    provider: Provider
    spend_guard: FakeSpendGuard
    clock: FakeClock
    client: aiohttp.ClientSession

    @property
    def charges(self) -> list[Charge]:
        """The recorded charges, oldest first."""
        return list(self.spend_guard.charges.values())

    @asynccontextmanager
    async def open_request(
        self,
        lease: GatewayLease,
        content: object = None,
        *,
        path: str = "/v1/messages",
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask as a program with that pass would, and hold the answer."""
        sent = (
            content if isinstance(content, bytes) else json.dumps(content or make_body()).encode()
        )
        given = {"x-api-key": lease.token, "content-type": "application/json", **(headers or {})}
        async with self.client.post(lease.base_url + path, data=sent, headers=given) as answer:
            yield answer

    async def ask(
        self, lease: GatewayLease, asked: object = None, **more: object
    ) -> tuple[int, bytes]:
        """Ask, and return status and body of the answer."""
        async with self.open_request(lease, asked, **more) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.read()


@asynccontextmanager
async def open_gateway_room(
    folder: Path,
    answer: Answers = answer_normally,
    *,
    redacts: Callable[[str], str] | None = redact,
    base_url: str | None = None,
    spend_guard: FakeSpendGuard | None = None,
    enforcer: SpendGuard | None = None,
    **options: object,
) -> AsyncIterator[GatewayRoom]:
    """Open the room. `answer` is what the provider does, until a test sets another.

    An `enforcer` is asked instead of the room's own spend guard.
    """
    provider, spend_guard, clock = Provider(answer), spend_guard or FakeSpendGuard(), FakeClock()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{rest:.*}", provider.serve)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    gateway = HttpModelGateway(
        Upstream(KEY, base_url or provider.base_url),
        enforcer or spend_guard,
        clock,
        folder / "gateway",
        redact=redacts,
        **options,  # type: ignore[arg-type]
    )
    try:
        async with gateway, aiohttp.ClientSession(auto_decompress=False) as client:
            yield GatewayRoom(gateway, provider, spend_guard, clock, client)
    finally:
        await runner.cleanup()

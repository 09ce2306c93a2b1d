"""The gateway: listens on loopback and on a socket file, grants leases, records every request."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from aiohttp import web
from theseus_guard.completion import wait_until_done

from bot.adapters.model_gateway._answers import GatewayRefusal, refuse_limited, refuse_stranger
from bot.adapters.model_gateway._circuit_breaker import CircuitBreaker
from bot.adapters.model_gateway._connection_limiter import ConnectionLimiter, GatewayLimits
from bot.adapters.model_gateway._leases import Lease, LeaseTable
from bot.adapters.model_gateway._model_request import BodyRedactor
from bot.adapters.model_gateway._provider import Provider, Upstream
from bot.adapters.model_gateway._proxied_request import ProxiedRequest, ProxyRules
from bot.adapters.model_gateway._request_entry import Entry
from bot.domain.account import Account
from bot.domain.budget import Price
from bot.domain.errors import AgentUnavailable, PolicyError
from bot.ports.clock import Clock
from bot.ports.model_gateway import GatewayLease
from bot.ports.spend_guard import SpendGuard

HOST = "127.0.0.1"
SOCKET = "model.sock"
_LONGEST_PATH = 100  # bytes; the system allows 107 for the path of a socket
_LEAVE = 1.0  # seconds an answer may still take when the gateway closes
_Made = Callable[[], Coroutine[Any, Any, None]]


class HttpModelGateway:
    """Implements `bot.ports.model_gateway.ModelGateway`, as an async context manager.

    `folder` is the place of its socket; if that path is too long, a temporary folder is used.
    `redact` removes secrets from a text (`None`: only the provider's key is removed). `prices` are
    configured prices. After `failures` of the provider in a row, it is not asked for `rest`
    seconds. `limits` restrict one program or unknown caller.
    """

    def __init__(
        self,
        upstream: Upstream,
        spend_guard: SpendGuard,
        clock: Clock,
        folder: Path,
        *,
        redact: Callable[[str], str] | None,
        prices: Mapping[str, Price] | None = None,
        failures: int = 5,
        rest: float = 30.0,
        most_bytes: int = 32 * 1024 * 1024,
        limits: GatewayLimits | None = None,
    ) -> None:
        def clean(text: str) -> str:
            return upstream.hide(redact(text) if redact else text)

        self._clock = clock
        self._folder = folder
        self._leases = LeaseTable()
        self._provider = Provider(upstream)
        self._limits = limits or GatewayLimits()
        self._connections = ConnectionLimiter(self._limits)
        self._rules = ProxyRules(
            spend_guard=spend_guard,
            clock=clock,
            breaker=CircuitBreaker(clock, failures=failures, rest=rest),
            provider=self._provider,
            redactor=BodyRedactor(clean),
            clean=clean,
            prices=prices or {},
            most_bytes=most_bytes,
            limits=self._limits,
        )
        self._runner: web.AppRunner | None = None
        self._listening: list[asyncio.AbstractServer] = []
        self._socket: Path | None = None
        self._made: Path | None = None
        self._base_url = ""

    async def __aenter__(self) -> Self:
        """Listen. Raises `AgentUnavailable` if that fails."""
        app = web.Application(client_max_size=self._rules.most_bytes)
        app.router.add_route("*", "/{rest:.*}", self._serve)
        runner = web.AppRunner(
            # By default aiohttp goes on with a request whose caller has gone, and the model would
            # be paid.
            app,
            handler_cancellation=True,
            shutdown_timeout=_LEAVE,
            access_log=None,
        )
        try:
            self._runner = runner
            await self._provider.open()
            await runner.setup()
            await self._listen(runner)
        except OSError as error:
            await self.close()
            raise AgentUnavailable(
                "The model gateway cannot listen on this machine.", detail=str(error)
            ) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel requests in progress, and close."""
        await self.close()

    async def close(self) -> None:
        """Close; safe to repeat."""
        for lease in self._leases:
            await self._leases.end(lease)
        while self._listening:
            self._listening.pop().close()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        self._connections.close()
        await self._provider.close()
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)

    @asynccontextmanager
    async def open_lease(
        self, account: Account, usd: float | None = None
    ) -> AsyncGenerator[GatewayLease, None]:
        """Grant a lease; see the port."""
        if self._runner is None:
            raise AgentUnavailable("The model gateway is closed.")
        lease = self._leases.add(account, usd)
        try:
            yield GatewayLease(
                token=lease.token,
                base_url=self._base_url,
                socket=self._socket,
                closing=lambda: self._rules.spend_guard.get_wrap_up_reason(lease.account),
                refused=lambda: lease.refused,
                limited_until=lambda: lease.limited_until,
                charge_to=lease.charge_to,
            )
        finally:
            await self._leases.end(lease)

    async def stop_all(self, why: PolicyError) -> int:
        """Cancel all requests in progress; return their number.

        The spend guard refuses new ones.
        """
        cut = set[asyncio.Task[object]]()
        for lease in self._leases:
            lease.refused = why
            cut |= lease.requests
            lease.cut()
        if cut:
            await asyncio.wait(cut)
        return len(cut)

    # ------------------------------------------------------------------------------------ serving

    async def _serve(self, http: web.Request) -> web.StreamResponse:
        if http.method == "HEAD" and http.raw_path == "/":  # the program connects early with it
            return web.Response()
        lease = self._leases.find(http.headers)
        if lease is None:
            return refuse_stranger().answer()
        with self._connections.suspend_timeout(http.protocol):
            if len(lease.requests) >= self._limits.at_once:
                return refuse_limited(
                    1.0, "Too many requests are in progress with this key."
                ).answer()
            answer = await self._carry_out(lease, http)
            if lease.refusals > self._limits.refusals:  # each is recorded: fill no disk
                await self._clock.sleep(1.0)
            return answer

    async def _carry_out(self, lease: Lease, http: web.Request) -> web.StreamResponse:
        entry = Entry(self._clock.now(), self._clock.monotonic(), lease.account)
        request = cast(asyncio.Task[object], asyncio.current_task())
        lease.requests.add(request)
        try:
            answer = await ProxiedRequest(self._rules, lease, entry).carry_out(http)
        except GatewayRefusal as refusal:
            entry.refuse(refusal)
            lease.refused = refusal.why
            lease.refusals += 1
            return refusal.answer()
        else:
            lease.refusals = 0
            return answer
        finally:
            try:
                await _to_its_end(partial(self._settle, entry, lease))
            finally:
                lease.requests.discard(request)

    async def _settle(self, entry: Entry, lease: Lease) -> None:
        charge = entry.charge(self._rules.prices, self._clock.monotonic())
        lease.settle(entry.id, charge.cost_usd)
        await self._rules.spend_guard.settle(charge)

    async def _listen(self, runner: web.AppRunner) -> None:
        """Listen on loopback and on a socket file; each has its own connection limit."""
        loop, server = asyncio.get_running_loop(), runner.server
        if server is None:
            raise OSError("the server is not set up")
        port = await loop.create_server(self._connections.build_acceptor(server), HOST, 0)
        self._listening.append(port)
        self._base_url = f"http://{HOST}:{port.sockets[0].getsockname()[1]}"
        self._socket = self._create_socket_path()
        acceptor = self._connections.build_acceptor(server)
        self._listening.append(await loop.create_unix_server(acceptor, str(self._socket)))
        self._socket.chmod(0o600)

    def _create_socket_path(self) -> Path:
        """Return a socket path that only we can open, in a folder that only we can enter."""
        folder = self._folder
        if len(str(folder / SOCKET).encode()) > _LONGEST_PATH:
            folder = self._made = Path(tempfile.mkdtemp(prefix="theseus-"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        path = folder / SOCKET
        path.unlink(missing_ok=True)  # left by a killed process
        return path


async def _to_its_end(make: _Made) -> None:
    """Run a coroutine to its end even if cancelled; raise the cancellation afterwards."""
    task = asyncio.create_task(make(), name="model gateway: settle")
    try:
        await wait_until_done(task)
    finally:
        task.result()  # an error counts more than the cancellation

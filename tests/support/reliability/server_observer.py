"""Counts the requests of a bot that change something at a server, and strikes there.

It is a middleware of the servers that the bot talks to: the local Discord, the forge's twin, and
the model. "Killed after" means that the answer was sent; "during", that the request took effect.
"""

import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from tests.support.reliability.points import EffectLog, Strike, remove_ids

OUTAGE_SECONDS = 4.0
"""How long a server is down: longer than one retry."""
_API = "/api/v10"
_STATUS = {Strike.UNAVAILABLE: 503, Strike.LIMITED: 429}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class ServerObserver:
    """Watches servers; `kill` ends the bot's process at once."""

    def __init__(self, log: EffectLog, kill: Callable[[], None]) -> None:
        self._log = log
        self._kill = kill
        self._down: dict[str, tuple[Strike, float]] = {}

    def build_middleware(self, server: str) -> Middleware:
        """Return what counts the requests to a server; its name begins the effects' names."""
        describe = _DESCRIPTIONS[server]

        @web.middleware
        async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
            effect = describe(request)
            if effect is None:
                return await handler(request)
            strike = self._log.add(f"{server} {effect}")
            if strike in _STATUS:
                self._down[server] = (strike, time.monotonic() + OUTAGE_SECONDS)
            strike = strike or self._get_outage(server)
            if strike is None:
                return await handler(request)
            return await self._apply_strike(strike, request, handler)

        return observe

    def _get_outage(self, server: str) -> Strike | None:
        strike, until = self._down.get(server, (None, 0.0))
        return strike if time.monotonic() < until else None

    async def _apply_strike(
        self, strike: Strike, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if strike in _STATUS:
            return _refuse(strike)
        if strike is Strike.KILL_BEFORE:
            self._kill()
        elif strike is not Strike.CUT:
            answer = await handler(request)
            if strike is Strike.KILL_AFTER:
                await answer.prepare(request)
                await answer.write_eof()
            if strike is not Strike.LOST:
                self._kill()
                return answer
        return _cut(request)


def _cut(request: web.Request) -> web.Response:
    """Break the connection, so that no answer arrives."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _refuse(strike: Strike) -> web.Response:
    seconds = 0.5
    told = {"message": "The service is not available.", "retry_after": seconds, "global": True}
    headers = {"Retry-After": "1", "X-RateLimit-Scope": "global", "X-RateLimit-Global": "true"}
    limited = strike is Strike.LIMITED
    return web.json_response(told, status=_STATUS[strike], headers=headers if limited else None)


def _describe_discord(request: web.Request) -> str | None:
    if not request.path.startswith(_API) or request.method in _SAFE_METHODS:
        return None
    return f"{request.method} {remove_ids(request.path.removeprefix(_API))}"


def _describe_forge(request: web.Request) -> str | None:
    if request.path.endswith("/git-upload-pack"):  # a fetch
        return None
    if request.method in _SAFE_METHODS:
        return None
    return f"{request.method} {remove_ids(request.path)}"


def _describe_model(request: web.Request) -> str | None:
    return f"POST {request.path}" if request.path == "/v1/messages" else None


_DESCRIPTIONS: dict[str, Callable[[web.Request], str | None]] = {
    "discord": _describe_discord,
    "forge": _describe_forge,
    "model": _describe_model,
}

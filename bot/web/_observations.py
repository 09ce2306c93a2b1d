"""`POST /observe/TARGET`: another bot sends records of its journal, as lines of JSON."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.ports.clock import Clock
from bot.web._collaborators import WebServices
from bot.web._request_bodies import read
from bot.web._responses import Refused, as_json
from bot.web._token_auth import GuessLimiter, is_same, parse_bearer

MOST_BYTES = 512 * 1024
"""Of one request. `theseus_observe` sends half of it, and halves what is refused with 413."""
MOST_REQUESTS = 240
MOST_WINDOW_BYTES = 32 * 1024 * 1024
WINDOW_SECONDS = 60.0


@dataclass
class _Window:
    since: float
    requests: int = 0
    size: int = 0


class Observations:
    """Takes records of targets. Which targets there are is not revealed without a valid token."""

    def __init__(self, services: WebServices, tokens: Mapping[str, str]) -> None:
        self._receivers = services.receivers
        self._tokens = {name: token for name, token in tokens.items() if name in self._receivers}
        self._unknown = secrets.token_hex()  # compared where there is no such target
        self._guesses = GuessLimiter(services.clock)
        self._clock = services.clock
        self._windows = {name: _Window(services.clock.monotonic()) for name in self._tokens}

    async def handle(self, request: web.Request) -> web.Response:
        """Check the token, then the amount, then store the lines that are records."""
        target = request.match_info["target"]
        self._check_token(target, request)
        if request.content_type != "application/x-ndjson":
            raise Refused(415, "send lines of JSON, as application/x-ndjson.")
        window = _renew(self._windows[target], self._clock)
        self._windows[target] = window
        window.requests += 1
        _check_amount(window, self._clock)
        body = await read(request, MOST_BYTES)
        window.size += len(body)
        received = await self._receivers[target].receive(body.splitlines())
        return as_json(received._asdict())

    def _check_token(self, target: str, request: web.Request) -> None:
        """Raise `Refused` (401), whether the target or its token is unknown; 429 after guesses."""
        self._guesses.check(request.remote)
        token = parse_bearer(request.headers.get("Authorization", ""))
        if is_same(token or "", self._tokens.get(target, self._unknown)):
            return
        self._guesses.count_failure(request.remote)
        raise Refused(401, "this needs the token of that bot.", {"WWW-Authenticate": "Bearer"})


def _renew(window: _Window, clock: Clock) -> _Window:
    now = clock.monotonic()
    return window if now - window.since < WINDOW_SECONDS else _Window(now)


def _check_amount(window: _Window, clock: Clock) -> None:
    if window.requests > MOST_REQUESTS or window.size >= MOST_WINDOW_BYTES:
        wait = max(1, round(window.since + WINDOW_SECONDS - clock.monotonic()))
        raise Refused(
            429, "this bot sends too much; send the rest later.", {"Retry-After": str(wait)}
        )

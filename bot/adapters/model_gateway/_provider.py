"""The provider: the only place that knows its key."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from bot.adapters.model_gateway._answers import refuse_unreachable

ANTHROPIC = "https://api.anthropic.com"
HIDDEN = "[redacted:api_key]"
_SHORTEST = 12  # a key shorter than that is no secret: it would be found in plain words
_TIMES = aiohttp.ClientTimeout(total=None, sock_connect=20.0, sock_read=600.0)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_CANNOT_REACH = "The connection to the model's provider failed."


@dataclass(frozen=True)
class Upstream:
    """Whom the gateway asks, and with which key. `base_url` without a path of its own is usual."""

    key: str = field(repr=False)
    base_url: str = ANTHROPIC

    def hide(self, text: str) -> str:
        """Return a text without the key."""
        return text.replace(self.key, HIDDEN) if len(self.key) >= _SHORTEST else text


class Provider:
    """Sends requests on, to one address only: redirects are not followed, cookies not kept."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Prepare; nothing is asked yet."""
        self._session = aiohttp.ClientSession(
            timeout=_TIMES,
            trust_env=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            read_bufsize=2**18,
        )

    async def close(self) -> None:
        """Let go of all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def ask(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """Send it on. Raises `Refusal` where the provider cannot be reached."""
        if self._session is None:
            raise refuse_unreachable("The gateway is closed.")
        asking = self._session.post(
            self._upstream.base_url.rstrip("/") + path,
            data=body,
            headers={
                **headers,
                "content-type": "application/json",
                "accept-encoding": "identity",
                "x-api-key": self._upstream.key,
            },
            allow_redirects=False,
        )
        try:
            response = await asking
        except _NEVER_SENT as error:
            raise refuse_unreachable(_CANNOT_REACH) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise refuse_unreachable(_CANNOT_REACH, unsure=True) from error
        try:
            yield response
        finally:
            response.close()

"""Sends requests to the provider; the only module that knows its key."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from bot.adapters.model_gateway._answers import refuse_unreachable

ANTHROPIC = "https://api.anthropic.com"
HIDDEN = "[redacted:api_key]"
_SHORTEST = 12  # a shorter key is not hidden, because it could match ordinary text
_TIMES = aiohttp.ClientTimeout(total=None, sock_connect=20.0, sock_read=600.0)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_CANNOT_REACH = "The connection to the model's provider failed."


@dataclass(frozen=True)
class Upstream:
    """The provider's address and key. Usually `base_url` has no path."""

    key: str = field(repr=False)
    base_url: str = ANTHROPIC

    def hide(self, text: str) -> str:
        """Return the text without the key."""
        return text.replace(self.key, HIDDEN) if len(self.key) >= _SHORTEST else text


class Provider:
    """Forwards requests to a single address: redirects are not followed, cookies are not stored."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Create the session; no request is sent yet."""
        self._session = aiohttp.ClientSession(
            timeout=_TIMES,
            trust_env=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            read_bufsize=2**18,
        )

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def ask(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """Send a request. Raises `GatewayRefusal` if the provider cannot be reached."""
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

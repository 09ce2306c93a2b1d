"""Speaks with a server over HTTP, from the bot's own process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

from bot.adapters.mcp_tools._connection_record import MOST_BYTES, ConnectionRecord


class _CountedBody(httpx2.AsyncByteStream):
    """The body of an answer, which ends with an error if the server sends too much."""

    def __init__(self, body: httpx2.AsyncByteStream, record: ConnectionRecord) -> None:
        self._body = body
        self._record = record

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        async for chunk in self._body:
            if not self._record.count(len(chunk)):
                raise httpx2.ReadError(self._record.fault)
            yield chunk

    async def aclose(self) -> None:
        """Close the connection of the body."""
        await self._body.aclose()


class _CountingTransport(httpx2.AsyncHTTPTransport):
    """Counts what arrives, compressed as it is: answers are asked for without compression."""

    def __init__(self, record: ConnectionRecord) -> None:
        super().__init__()
        self._record = record

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request; the body of the answer is counted while it is read."""
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            self._record.fault = "it compressed its answer, although we did not ask for that"
            raise httpx2.ReadError(self._record.fault)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _CountedBody(response.stream, self._record)
        return response


@asynccontextmanager
async def open_http(
    url: str, *, headers: Mapping[str, str], seconds: float, record: ConnectionRecord
) -> AsyncIterator[TransportStreams]:
    """Connect to the server, without the environment's proxies, and never to another origin."""
    async with (
        httpx2.AsyncClient(
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=seconds,
            transport=_CountingTransport(record),
            follow_redirects=False,
            trust_env=False,
        ) as client,
        streamable_http_client(url, http_client=client, max_sse_event_size=MOST_BYTES) as streams,
    ):
        yield streams

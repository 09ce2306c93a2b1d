"""`GET /events`: live events as server-sent events."""

import asyncio

from aiohttp import web

from bot.web._event_feed import EventFeed, FeedEvent
from bot.web._responses import Refused

MOST_READERS = 32
HEARTBEAT_SECONDS = 15.0
WRITE_SECONDS = 10.0
_BUFFER = 32 * 1024


class Events:
    """Streams events to a bounded number of readers and disconnects a reader that does not read."""

    def __init__(
        self,
        feed: EventFeed,
        *,
        heartbeat: float = HEARTBEAT_SECONDS,
        patience: float = WRITE_SECONDS,
    ) -> None:
        self._feed = feed
        self._heartbeat = heartbeat
        self._patience = patience

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Stream until the reader leaves, falls behind, or the server stops."""
        if self._feed.readers >= MOST_READERS:
            raise Refused(503, "too many readers are connected already.", {"Retry-After": "30"})
        is_tail = request.query.get("tail") == "journal"
        with self._feed.count_reader(), self._feed.count_tail(is_tail):
            return await self._stream_events(request)

    async def _stream_events(self, request: web.Request) -> web.StreamResponse:
        after, lost = self._find_start(request.headers.get("Last-Event-ID"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        if request.transport is not None:
            request.transport.set_write_buffer_limits(high=_BUFFER)
        hello = FeedEvent(after, "reset" if lost else "hello", "{}")
        try:
            await self._write(request, response, self._format_line(hello))
            while not self._feed.closed and self._feed.has(after):
                news = self._feed.list_after(after)
                if news:
                    lines = b"".join(map(self._format_line, news))
                    await self._write(request, response, lines)
                    after = news[-1].number
                else:
                    quiet = self._feed.last
                    await self._feed.wait_for_more(self._heartbeat)
                    if quiet == self._feed.last:
                        await self._write(request, response, b": quiet\n\n")
        except (ConnectionError, TimeoutError):
            return response
        return response

    async def _write(
        self, request: web.Request, response: web.StreamResponse, lines: bytes
    ) -> None:
        """Write the lines; abort the connection if the reader takes nothing for too long."""
        try:
            async with asyncio.timeout(self._patience):
                await response.write(lines)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise

    def _find_start(self, last_id: str | None) -> tuple[int, bool]:
        """Return the event number to continue after, and whether events were lost since then."""
        if not last_id:
            return self._feed.last, False
        known = self._feed.parse_id(last_id)
        return (self._feed.last, True) if known is None else (known, False)

    def _format_line(self, event: FeedEvent) -> bytes:
        number = self._feed.format_id(event.number)
        return f"id: {number}\nevent: {event.name}\ndata: {event.text}\n\n".encode()

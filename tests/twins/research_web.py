"""A web of our own pages on one port: hosts by name, redirects, endless pages, three searches."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


def reply_html(text: str, *, content_type: str = "text/html; charset=utf-8") -> Reply:
    """Return a reply with that page."""
    return reply_bytes(text.encode(), content_type=content_type)


def reply_bytes(body: bytes, *, content_type: str, **headers: str) -> Reply:
    """Return a reply with these bytes; `_` in names of headers stands for `-`."""

    async def reply(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, headers={"Content-Type": content_type, **named})

    return reply


def build_redirect(url: str) -> Reply:
    """Return a reply that redirects."""

    async def reply(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": url})

    return reply


@dataclass
class RecordedWeb:
    """Answers `pages` by `host/path`; everything else is 404. Open it with `async with`.

    `asked` lists the requests, `sent` how many bytes the endless page has sent, `searches` what the
    searches were asked, with their headers. `results` is what they find.
    """

    pages: Mapping[str, Reply] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    search_status: int = 200
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    searches: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The address of the searches."""
        return f"http://127.0.0.1:{self.port}"

    async def reply_endless(self, request: web.Request) -> web.StreamResponse:
        """Send a gigabyte, or until the reader has gone."""
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        chunk = b"<p>All work and no play.</p>" * 4_000
        try:
            while self.sent < 1_000_000_000:
                await response.write(chunk)
                self.sent += len(chunk)
        except ConnectionError:
            pass  # the reader has gone, as it should
        return response

    async def reply_never(self, _: web.Request) -> web.StreamResponse:
        """Wait until the reader has gone."""
        await asyncio.Event().wait()
        raise AssertionError

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path in ("/search", "/res/v1/web/search"):
            return await self._search(request)
        place = f"{request.host.partition(':')[0]}{request.path}"
        self.asked.append(place)
        found = self.pages.get(place)
        return await found(request) if found else web.Response(status=404)

    async def _search(self, request: web.Request) -> web.StreamResponse:
        """Answer in the format of the service: Brave, Tavily (POST) or SearXNG (`format=json`)."""
        if self.search_status != 200:
            return web.json_response({"error": "SECRET detail"}, status=self.search_status)
        if request.method == "POST":
            body = await request.json()
            self.searches.append(("tavily", body["query"], dict(request.headers)))
            hits = [
                {**each, "content": each.get("text", ""), "score": 0.9} for each in self.results
            ]
            return web.json_response({"query": body["query"], "results": hits})
        query = request.query["q"]
        if request.query.get("format") == "json":
            self.searches.append(("searxng", query, dict(request.headers)))
            hits = [{**each, "engine": "own", "content": each.get("text")} for each in self.results]
            return web.json_response({"query": query, "results": hits, "suggestions": []})
        self.searches.append(("brave", query, dict(request.headers)))
        hits = [{**each, "description": each.get("text", "")} for each in self.results]
        return web.json_response({"type": "search", "web": {"type": "search", "results": hits}})


class OwnResolver(AbstractResolver):
    """Resolves every name to the addresses of `hosts`, else to the twin; `asked` are the names."""

    def __init__(self, port: int, hosts: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._port = port
        self._hosts = dict(hosts or {})
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of the name."""
        self.asked.append(host)
        return [
            ResolveResult(
                hostname=host, host=each, port=self._port, family=family, proto=0, flags=0
            )
            for each in self._hosts.get(host, ("127.0.0.1",))
        ]

    async def close(self) -> None:
        """Close nothing."""

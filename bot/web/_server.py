"""`WebServer`: HTTP for as long as it is entered."""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.errors import ConfigError
from bot.web._answers import dress
from bot.web._connection import MOST_CONNECTIONS, Connection
from bot.web._dashboard import Dashboard
from bot.web._doors import WebDoors
from bot.web._events import Events
from bot.web._feed import Feed
from bot.web._frame import Frame, Static
from bot.web._gate import Gate
from bot.web._keys import Keys
from bot.web._metrics import Metrics
from bot.web._routes import ROUTES
from bot.web._rules import WebRules
from bot.web._sessions import Sessions
from bot.web._tally import Tally
from bot.web._vital import Vital
from bot.web._webhooks import Webhooks

_SHUTDOWN_SECONDS = 1.0
_WAITING = 64  # connections the system holds for us


class WebServer:
    """An async context manager. Raises `ConfigError` for rules that are unsafe, or a taken port.

    `app` is made at once, so that what is served can be looked at without serving it.
    """

    def __init__(
        self, rules: WebRules, doors: WebDoors, *, connections: int = MOST_CONNECTIONS
    ) -> None:
        rules.check()
        self.port = rules.port
        self._rules = rules
        self._doors = doors
        self._connections = connections
        tally = Tally()
        self.feed = Feed(doors, tally)
        keys, sessions = Keys(rules.token, doors.clock), Sessions(doors.clock)
        self._gate = Gate(rules, keys, sessions)
        webhooks, vital, static = Webhooks(doors, rules.secret), Vital(doors), Static()
        dashboard = Dashboard(doors, rules, self._gate, keys, sessions, Frame(static), vital)
        self.app = self._application(
            {
                "health": vital.alive,
                "ready": vital.ready,
                "info": vital.info,
                "metrics": Metrics(doors, tally, webhooks.counts).serve,
                "events": Events(self.feed).serve,
                "github": webhooks.github,
                "reload": webhooks.reload,
                "static": static.serve,
                "login_form": dashboard.login_form,
                "login": dashboard.login,
                "logout": dashboard.logout,
                "runs": dashboard.runs,
                "run": dashboard.run,
                "incidents": dashboard.incidents,
                "incident": dashboard.incident,
                "budget": dashboard.budget,
                "audit": dashboard.audit,
                "state": dashboard.state,
                "stop_form": dashboard.stop_form,
                "stop": dashboard.stop,
            }
        )
        self._runner = web.AppRunner(
            self.app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        self._listening: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it is served; no slash at the end."""
        host = self._rules.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def _application(self, handlers: dict[str, Handler]) -> web.Application:
        """Return the application, with a handler for each route of the table and no other."""
        app = web.Application(middlewares=[self._gate.middleware])
        for route in ROUTES:
            app.router.add_route(route.method, route.path, handlers[route.name], name=route.name)
            if route.method == "GET" and not route.streams:
                app.router.add_route("HEAD", route.path, handlers[route.name])
        app.on_response_prepare.append(_dressed)
        return app

    async def __aenter__(self) -> Self:
        """Start to listen."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._listening = await loop.create_server(
                self._connection, self._rules.host, self._rules.port, backlog=_WAITING
            )
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigError(
                f"HTTP cannot be served on {self._rules.host}:{self._rules.port} "
                f"({error.strerror}); set THESEUS_HTTP_PORT or http.port to a free one, or "
                "http.host to an address of this machine."
            ) from error
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and end every connection."""
        self.feed.close()
        if self._listening is not None:
            self._listening.close()
        await self._runner.cleanup()

    async def run_forever(self) -> None:
        """Look for what is new, for those who follow, until cancelled."""
        await self.feed.run_forever()

    def _connection(self) -> asyncio.Protocol:
        """Return what talks to a new connection; beyond so many, what hangs up."""
        server = self._runner.server
        if server is None or len(server.connections) >= self._connections:
            return _Full()
        return Connection(server, self._doors.recorder, loop=asyncio.get_running_loop())


class _Full(asyncio.Protocol):
    """Hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say nothing: whoever fills the house needs no answer."""
        transport.close()


async def _dressed(_: web.Request, response: web.StreamResponse) -> None:
    dress(response)

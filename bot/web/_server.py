"""`WebServer`: serves HTTP while its context is entered."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.errors import ConfigError
from bot.web._auth_middleware import AuthMiddleware
from bot.web._collaborators import WebServices
from bot.web._connection import MOST_CONNECTIONS, Connection
from bot.web._counters import ActionCounter
from bot.web._dashboard import Dashboard
from bot.web._event_feed import EventFeed
from bot.web._events import Events
from bot.web._growth_page import GrowthPage
from bot.web._health import Health
from bot.web._incident_pages import IncidentPages
from bot.web._journal_page import JournalPages
from bot.web._list_exports import ListExports
from bot.web._login_pages import LoginPages
from bot.web._metrics import Metrics
from bot.web._observations import Observations
from bot.web._page_frame import PageFrame
from bot.web._pages import Pages
from bot.web._proposal_page import ProposalPage
from bot.web._readers import Readers
from bot.web._record_pages import RecordPages
from bot.web._responses import add_security_headers
from bot.web._routes import ROUTES
from bot.web._rules import WebRules
from bot.web._run_page import RunPage
from bot.web._saved_searches import SavedSearches
from bot.web._search_page import SearchPage
from bot.web._sessions import Sessions
from bot.web._static_files import StaticFiles
from bot.web._token_auth import TokenAuth
from bot.web._version_pages import VersionPages
from bot.web._webhooks import Webhooks

_SHUTDOWN_SECONDS = 1.0
_WAITING = 64  # connections that the system queues before we accept them


class WebServer:
    """An async context manager that serves HTTP.

    `app` is built at once, so that routes can be inspected without serving. Raises `ConfigError`
    for unsafe rules, or if the port is in use.
    """

    def __init__(
        self, rules: WebRules, services: WebServices, *, connections: int = MOST_CONNECTIONS
    ) -> None:
        rules.check()
        self.port = rules.port
        self._rules = rules
        self._services = services
        self._connections = connections
        counter = ActionCounter()
        self.feed = EventFeed(services, counter)
        keys, sessions = TokenAuth(rules.token, services.clock), Sessions(services.clock)
        self._sessions = sessions
        static = StaticFiles()
        pages = Pages(static)
        readers = Readers(services.logins, services.clock)
        self._auth = AuthMiddleware(rules, keys, sessions, readers, pages)
        webhooks, health_page = Webhooks(services, rules.secret), Health(services)
        frame = PageFrame(services, pages)
        observations = Observations(services, rules.target_tokens)
        saved = SavedSearches(services, frame)
        self.app = self._build_application(
            {
                "metrics": Metrics(services, counter, webhooks.counts).serve,
                "events": Events(self.feed).serve,
                "observe": observations.handle,
                "static": static.serve,
                "growth": GrowthPage(services, frame).show_growth,
                "search": SearchPage(services, frame, saved).show_search,
                **saved.handlers,
                **JournalPages(services, frame, saved).handlers,
                **webhooks.handlers,
                **health_page.handlers,
                **Dashboard(services, rules, readers, frame, health_page).handlers,
                **LoginPages(services, rules, self._auth, keys, sessions, readers, frame).handlers,
                **RecordPages(services, frame).handlers,
                **IncidentPages(services, frame, readers).handlers,
                **ListExports(services).handlers,
                **RunPage(services, frame, readers).handlers,
                **ProposalPage(services, frame, readers).handlers,
                **VersionPages(services, frame, readers).handlers,
            }
        )
        self._runner = web.AppRunner(
            self.app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        self._listening: asyncio.Server | None = None

    @property
    def loops(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        """What has to run while the server serves."""
        reruns = self._services.reruns
        return (self.feed.run_forever, *((reruns.run_forever,) if reruns is not None else ()))

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        host = self._rules.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def _build_application(self, handlers: dict[str, Handler]) -> web.Application:
        """Return the application, with one handler for each route of the table and no other."""
        app = web.Application(middlewares=[self._auth.handle])
        for route in ROUTES:
            app.router.add_route(route.method, route.path, handlers[route.name], name=route.name)
            if route.method == "GET" and not route.streams:
                app.router.add_route("HEAD", route.path, handlers[route.name])
        app.on_response_prepare.append(self._prepare_response)
        return app

    async def __aenter__(self) -> Self:
        """Start to listen. Raises `ConfigError` if the port cannot be opened."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._listening = await loop.create_server(
                self._create_connection, self._rules.host, self._rules.port, backlog=_WAITING
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
        """Stop listening and close every connection."""
        await self.close()

    def leave_sessions(self) -> dict[str, Any] | None:
        """Return the sessions for the process that takes over; `None` if there are none."""
        return self._sessions.leave(self._rules.session_secret) if len(self._sessions) else None

    def take_sessions(self, left: Mapping[str, Any]) -> None:
        """Continue the sessions of the previous process."""
        if self._rules.has_logins:
            self._sessions.take(left, self._rules.session_secret)

    async def wait_until_drained(self, elapsed: float, *, at_most: float) -> None:
        """Serve until `drain_seconds` have passed, of which `elapsed` have; `at_most` so long."""
        await self._services.clock.sleep(min(max(self._rules.drain_seconds - elapsed, 0), at_most))

    async def close(self) -> None:
        """Stop listening and close every connection; may be called repeatedly."""
        self.feed.close()
        if self._listening is not None:
            self._listening.close()
        await self._runner.cleanup()

    async def _prepare_response(self, _: web.Request, response: web.StreamResponse) -> None:
        """Add the headers of every response; of a closing bot, it is its connection's last."""
        add_security_headers(response)
        if self._services.facts.closing() is not None:
            response.force_close()
            response.headers["Connection"] = "close"  # aiohttp has decided about it by now

    def _create_connection(self) -> asyncio.Protocol:
        """Return the protocol of a new connection; beyond the limit, one that closes at once."""
        server = self._runner.server
        if server is None or len(server.connections) >= self._connections:
            return _Full()
        return Connection(server, self._services.recorder, loop=asyncio.get_running_loop())


class _Full(asyncio.Protocol):
    """Closes each connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close without an answer, which would only help a client that floods us."""
        transport.close()

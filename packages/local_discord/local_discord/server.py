"""`LocalDiscord`: a Discord-compatible server and the person side, on one port."""

import mimetypes
import secrets
import urllib.parse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from local_discord._events import EventLog, EventRecorder, EventStream
from local_discord._faults import Faults
from local_discord._gateway import Gateway
from local_discord._interaction_routes import InteractionRoutes
from local_discord._oauth_routes import OAuthRoutes
from local_discord._page_token import PageToken
from local_discord._person_routes import PersonRoutes
from local_discord._rest import PREFIX, RestEndpoint
from local_discord.world import RESPONSE_SECONDS, DiscordError, LocalPerson, Refused, World

__all__ = ["LocalDiscord", "LocalPerson"]

STATIC = Path(__file__).parent / "static"
_REQUEST_BYTES = 60_000_000
_SHUTDOWN_SECONDS = 1.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class LocalDiscord:
    """An async context manager: the server runs while it is entered.

    `world` is the state without any network; changes made there are sent to the bot. With
    `client_secret` people log in elsewhere with their account here (OAuth 2). Entering
    raises `OSError` if the port is taken.

    Args:
        people: Who can speak.
        token: What the bot must log in with.
        port: 0 picks a free port.
        voice_channels: Channels with a chat but without threads.
        response_seconds: How long a bot may take for the first response to an interaction
            (Discord: 3 s; tests use less to see what happens then).
        hint: What the page suggests to a first visitor: lines of Markdown; a click on `code` copies
            it into the message box.
        extra_routes: Further routes on the same port.
        socket: The path of a Unix socket to listen on instead of a port.
        now: The clock for everything that happens; waits of people and of the page stay real.
        around: aiohttp middlewares around every request.
        page_token: Protects the person side from browsers and other accounts.

    Raises:
        ValueError: If `people` or `channels` is empty.
    """

    def __init__(
        self,
        people: Sequence[LocalPerson],
        *,
        token: str,
        host: str = "127.0.0.1",
        port: int = 0,
        guild_name: str = "Theseus",
        channels: Sequence[str] = ("dev", "general"),
        voice_channels: Sequence[str] = (),
        response_seconds: float = RESPONSE_SECONDS,
        hint: Sequence[str] = (),
        extra_routes: Sequence[web.AbstractRouteDef] = (),
        socket: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        around: Sequence[Middleware] = (),
        page_token: PageToken | None = None,
    ) -> None:
        if not people or not channels:
            raise ValueError("people and channels: name at least one of each")
        self.token = token
        self.port = port
        self._host = "localhost" if socket else host
        self._socket = socket
        self._around = list(around)
        self.page_token = self._page_token = page_token or PageToken()
        self._extra_routes = list(extra_routes)
        self.world = self._world = World(
            people,
            guild_name=guild_name,
            channels=channels,
            voice_channels=voice_channels,
            response_seconds=response_seconds,
            now=now,
        )
        self._world.hint = list(hint)
        self._faults = Faults()
        self._log = EventLog()
        self.gateway = Gateway(self._world, token, self._faults)
        self._rest = RestEndpoint(self._world, token, self._faults)
        self._stream = EventStream(self._world, self._log)
        self.client_secret = secrets.token_urlsafe(24)
        self._logins = OAuthRoutes(self._world, self._page_token, self.client_secret)
        EventRecorder(self._world, self._log)
        self.gateway.on_presence = self._set_presence
        self.guild_id = self._world.guild_id
        self.bot_user_id = self._world.bot.id
        self.bot_role_id = self._world.bot_role_id
        self.dev_channel_id = self._world.channel_ids[0]
        self.people = dict(self._world.people)
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """The address of the page, without a slash at the end."""
        return f"http://{self._address}"

    @property
    def api_url(self) -> str:
        """The address that a bot uses in place of `https://discord.com/api/v10`."""
        return self.base_url + PREFIX

    @property
    def gateway_url(self) -> str:
        """The address that a bot uses in place of `wss://gateway.discord.gg`."""
        return f"ws://{self._address}/gateway"

    @property
    def _address(self) -> str:
        return self._host if self._socket else f"{self._host}:{self.port}"

    def find_role_ids(self, *names: str) -> frozenset[int]:
        """Return the ids of the server's roles with these names; unknown names are ignored."""
        known = self._world.backend.guilds[self.guild_id].roles.values()
        return frozenset(role.id for role in known if role.name in names)

    def join(self, person: LocalPerson) -> int:
        """Add a person to the server and return their id; the bot receives the event."""
        self.people[person.name] = self._world.join(person).id
        return self.people[person.name]

    def add_guild(
        self, name: str, people: Sequence[str], *, shard: int = 0, count: int = 1
    ) -> tuple[int, int]:
        """Add another guild with these people; return its id and that of its only channel.

        Its id belongs to that shard of `count`. The page does not show it.
        """
        return self._world.add_guild(name, people, shard, count)

    def leave(self, name: str) -> None:
        """Remove a person from the server; the bot receives the event."""
        self._world.backend.remove_member(self.guild_id, self.people[name])

    def set_hint(self, hint: Sequence[str]) -> None:
        """Replace what the page suggests; open pages show it at once."""
        self._world.hint = list(hint)
        self._log.add("hint", {"hint": self._world.hint})

    def reset(self) -> None:
        """Restore the initial state: messages, threads, members, files, faults.

        A connected bot stays connected and keeps its commands; it receives the deletion of threads
        and then the guild, as after an outage. If no bot is connected, sessions and commands are
        dropped as well. Ids stay the same, and pages load everything again.
        """
        self._faults.clear()
        self._world.rest.disallowed, self._world.rest.uninvited = frozenset(), False
        self.gateway.forget_disconnected()
        self._world.reset(keep_commands=self.gateway.online)
        self.gateway.announce_guilds()
        self._log.restart()

    async def __aenter__(self) -> Self:
        """Start to listen."""
        app = web.Application(
            client_max_size=_REQUEST_BYTES,
            middlewares=[self._check_origin, self._page_token.check, *self._around, _refuse],
        )
        app.add_routes(self._build_routes())
        app.on_shutdown.append(self._end_streams)
        app.on_response_prepare.extend([_set_cache_control, _forbid_framing])
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, handler_cancellation=True
        )
        await self._runner.setup()
        try:
            await self._listen(self._runner)
        except OSError:
            await self._runner.cleanup()
            raise
        self.gateway.url = self._rest.gateway_url = self.gateway_url
        self._world.backend.files.base_url = self.base_url
        return self

    async def _listen(self, runner: web.AppRunner) -> None:
        if self._socket is not None:
            await web.UnixSite(runner, self._socket).start()
            return
        await web.TCPSite(runner, self._host, self.port).start()
        self.port = runner.addresses[0][1]

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and end every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _build_routes(self) -> list[web.AbstractRouteDef]:
        people = PersonRoutes(self._world, self.gateway, self._log, self._stream, self._faults)
        interactions = InteractionRoutes(self._world, self.gateway, self._log)
        routes: list[web.AbstractRouteDef] = [
            web.get("/", self._serve_page),
            web.get("/favicon.ico", _serve_icon),
            web.get("/gateway", self.gateway.serve),
            web.get("/gateway/", self.gateway.serve),
            web.get("/attachments/{channel}/{attachment}/{filename}", self._serve_attachment),
            *self._list_login_routes(),
            web.route("*", PREFIX + "/{path:.*}", self._rest.serve),
            *people.list_routes(),
            *interactions.list_routes(),
            *self._extra_routes,
        ]
        if STATIC.is_dir():
            routes.append(web.static("/static", STATIC))
        return routes

    def _list_login_routes(self) -> list[web.RouteDef]:
        logins = self._logins

        async def show_user(request: web.Request) -> web.StreamResponse:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer":
                return await self._rest.serve(request)  # the bot itself
            user = logins.find_user(token)
            wrong = {"message": "401: Unauthorized", "code": 0}
            return web.json_response(user or wrong, status=200 if user else 401)

        return [
            web.get("/oauth2/authorize", logins.show_consent),
            web.post("/oauth2/authorize", logins.accept_consent),
            web.post(PREFIX + "/oauth2/token", logins.exchange),
            web.get(PREFIX + "/users/@me", show_user),
        ]

    async def _serve_page(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.gateway.serve(request)  # Discord's gateway is at the root path
        index = STATIC / "index.html"
        if not index.is_file():
            return web.Response(status=404, text=f"{index} is missing; unpack the project again")
        page = self._page_token.fill(index.read_text(encoding="utf-8"), request)
        headers = {"Cache-Control": "no-store"}  # the token is new with every start
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def _end_streams(self, _app: web.Application) -> None:
        self._log.close()
        self.gateway.drop(1001)

    def _set_presence(self, online: bool) -> None:
        if online != self._stream.online:
            self._stream.online = online
            self._log.add("presence", {"bot_online": online})

    @web.middleware
    async def _check_origin(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests that are not from our own page, because any web page can call a
        loopback port.
        """
        origin = request.headers.get("Origin")
        foreign = origin is not None and urllib.parse.urlsplit(origin).netloc != request.host
        # With DNS rebinding, Host contains a foreign name that resolves to this machine.
        host = urllib.parse.urlsplit(f"//{request.host}").hostname
        if self._host in _LOOPBACK and (foreign or host not in _LOOPBACK):
            message = f"Origin {origin}, Host {request.host}: open {self.base_url}/ itself"
            return web.json_response({"error": message}, status=403)
        return await handler(request)

    async def _serve_attachment(self, request: web.Request) -> web.Response:
        parts = request.match_info
        name = urllib.parse.quote(parts["filename"], safe="")
        key = f"/attachments/{parts['channel']}/{parts['attachment']}/{name}"
        content = self._world.backend.files.get(key)
        if content is None:
            raise Refused(404, f"there is no attachment {parts['filename']!r} here")
        return web.Response(body=content, headers=_build_file_headers(parts["filename"], content))


def _build_file_headers(name: str, content: bytes) -> dict[str, str]:
    """Return headers that show pictures and text, but never let a file run as a page of our
    origin.
    """
    kind = mimetypes.guess_type(name)[0] or ""
    if kind not in _PICTURES:
        kind = (
            "application/octet-stream" if b"\0" in content[:4096] else "text/plain; charset=utf-8"
        )
    return {"Content-Type": kind, "X-Content-Type-Options": "nosniff"}


async def _set_cache_control(request: web.Request, response: web.StreamResponse) -> None:
    """Make browsers revalidate static files, because modules of two versions do not fit
    together.
    """
    if request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"


async def _forbid_framing(_request: web.Request, response: web.StreamResponse) -> None:
    """Forbid frames: in another site's frame, a user could be tricked into a click that ships."""
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"


async def _serve_icon(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "ship.svg")


@web.middleware
async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refusal:
        return web.json_response({"error": str(refusal)}, status=refusal.status)
    except DiscordError as error:
        return web.json_response({"error": error.message}, status=error.status)
    except web.HTTPException as error:
        if error.status < 400 or not request.path.startswith("/local"):
            raise
        page = "see the REFERENCE.md of local_discord"
        message = f"{request.method} {request.path}: {error.reason}; {page}"
        return web.json_response({"error": message}, status=error.status)

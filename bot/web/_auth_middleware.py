"""What every request passes first: who may come in is decided here and nowhere else."""

import asyncio
import ipaddress
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.errors import RunError, TheseusError
from bot.redaction import redact
from bot.web._pages import Pages
from bot.web._peer_process import is_ours
from bot.web._responses import Refused, build_login_path, create_plain_response, see_other
from bot.web._routes import ROUTES, Route
from bot.web._rules import WebRules
from bot.web._sessions import Login, Sessions
from bot.web._token_auth import TokenAuth, parse_bearer

LOGIN = web.RequestKey("login", Login)
_LET_IN = web.RequestKey("let_in", bool)

_IN_ADDRESSES = frozenset({"token", "access_token", "auth", "key", "secret", "password"})
_log = logging.getLogger(__name__)


class AuthMiddleware:
    """Lets requests through to their handlers, or answers them itself in plain words."""

    def __init__(
        self, rules: WebRules, token_auth: TokenAuth, sessions: Sessions, pages: Pages
    ) -> None:
        self._rules = rules
        self._pages = pages
        self._token_auth = token_auth
        self._sessions = sessions
        self._table: Mapping[tuple[str, str], Route] = {
            (route.method, _canonicalize(route.path)): route for route in ROUTES
        }

    @property
    def cookie(self) -> str:
        """The cookie's name: other ports of this machine have cookies of the same host."""
        return f"theseus-{self._rules.port}"

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer the request."""
        try:
            route = self._admit(request)
            if route.streams:
                return await handler(request)
            async with asyncio.timeout(self._rules.seconds):
                return await handler(request)
        except Refused as refused:
            if refused.status == 401 and _is_page(request):
                return see_other(build_login_path(request.path_qs))
            return await self._build_error(
                request, refused.status, refused.message, refused.headers
            )
        except TimeoutError:
            words = "that took too long."
            return await self._build_error(request, 408, words, {"Connection": "close"})
        except RunError as error:
            return await self._build_error(request, 404, redact(str(error)))
        except TheseusError as error:
            _log.warning("%s %s: %s", request.method, request.path, error)
            return await self._build_error(request, 503, redact(str(error)))

    async def _build_error(
        self,
        request: web.Request,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        """Return what went wrong: a page for a person, a line for a program."""
        if not _is_page(request):
            return create_plain_response(status, message, headers)
        response = await self._pages.render_error(status, message, known=_LET_IN in request)
        response.headers.update(headers or {})
        return response

    def _admit(self, request: web.Request) -> Route:
        self._check_host(request)
        _check_shape(request)
        route = self._find_route(request)
        _check_origin(request, strictly=route.needs == "session" or route.name == "login")
        login = self._sessions.get(request.cookies.get(self.cookie))
        if login is not None:
            request[LOGIN] = login
        self._check_needs(request, route, login)
        if route.needs in ("reader", "session"):
            request[_LET_IN] = True
        return route

    def _find_route(self, request: web.Request) -> Route:
        """Return the table's entry; what has none is not served."""
        wrong = request.match_info.http_exception
        if isinstance(wrong, web.HTTPMethodNotAllowed):
            allowed = ", ".join(sorted(wrong.allowed_methods))
            raise Refused(405, f"it takes {allowed}.", {"Allow": allowed})
        resource = request.match_info.route.resource
        if wrong is not None or resource is None:
            raise Refused(404)
        method = "GET" if request.method == "HEAD" else request.method
        route = self._table.get((method, resource.canonical))
        if route is None:
            raise Refused(404)
        return route

    def _check_host(self, request: web.Request) -> None:
        """Take requests only by names of ours.

        A foreign name may be made to lead to this machine (DNS rebinding), and then shows here.
        """
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1:
            raise Refused(400, "one Host header, please.")
        name = _parse_host_name(hosts[0])
        if name in self._rules.names or _is_own_address(name, request):
            return
        raise Refused(
            421, "I do not go by that name; add it to http.trust if this is mine.",
            {"Connection": "close"},
        )  # fmt: skip

    def _check_needs(self, request: web.Request, route: Route, login: Login | None) -> None:
        match route.needs:
            case "open" | "signature":
                return  # the handler of the one checks the signature before all else
            case "reader":
                if login is None and self._rules.token is None:
                    self._check_peer(request)
                elif login is None:
                    self._check_bearer(request)
            case "token":
                if self._rules.token is None:
                    raise Refused(403, "this takes a token, and THESEUS_HTTP_TOKEN is not set.")
                self._check_bearer(request)
            case "session":
                if login is None:
                    raise Refused(401, "log in first.")

    def _check_peer(self, request: web.Request) -> None:
        """Without a token: let in who is this very user on this machine, called by its own name.

        A proxy hands on what comes from elsewhere, by a trusted name or as a user of its own.
        """
        name = _parse_host_name(request.headers["Host"])
        ends = [request.get_extra_info(end) for end in ("peername", "sockname")]
        direct = name in self._rules.own_names or _is_own_address(name, request)
        if self._rules.reading_is_open and direct and all(ends) and is_ours(*ends):
            return
        raise Refused(
            403, "without a token only the user I run as may look, on this machine; set "
            "THESEUS_HTTP_TOKEN for others.",
        )  # fmt: skip

    def _check_bearer(self, request: web.Request) -> None:
        given = parse_bearer(request.headers.get("Authorization", ""))
        if given is None or not self._token_auth.is_valid(given, request.remote):
            raise Refused(401, "this takes the token.", {"WWW-Authenticate": "Bearer"})


def _check_shape(request: web.Request) -> None:
    if not request.raw_path.startswith("/"):
        raise Refused(400, "ask for a path.")
    if _IN_ADDRESSES & {name.lower() for name in request.query}:
        words = "a secret does not belong into an address: logs keep it. Send it as a header."
        raise Refused(400, words)


def _check_origin(request: web.Request, *, strictly: bool) -> None:
    """Refuse what another site's page makes a browser send.

    `strictly`: somebody acts, so it has to be shown that it was our own page. Our pages send no
    referrer, and browsers then say `Origin: null` even to us: that counts as ours only where they
    say themselves, in a header that no page can set, that it is.
    """
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if request.method in ("GET", "HEAD"):
        foreign = site in ("cross-site", "same-site")
        if foreign and request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            raise Refused(403, "other sites may not read this.")
        return
    if origin is None and site is None:
        if strictly:
            raise Refused(403, "send this from my own page (there is no Origin header).")
        return
    if site not in (None, "same-origin"):
        raise Refused(403, "other sites may not send this.")
    told_ours = site is not None and origin in (None, "null")
    if not told_ours and _get_netloc(origin or "") != request.headers["Host"].lower():
        raise Refused(403, "other sites may not send this.")


def _get_netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _parse_host_name(host: str) -> str:
    """Return the name of a `Host` header, or nothing if it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return ""


def _is_own_address(name: str, request: web.Request) -> bool:
    """Whether it is the very address the connection came to; a number cannot be rebound."""
    address = request.get_extra_info("sockname")
    try:
        return address is not None and ipaddress.ip_address(name) == ipaddress.ip_address(
            str(address[0]).partition("%")[0]
        )
    except ValueError:
        return False


def _is_page(request: web.Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def _canonicalize(path: str) -> str:
    """Return a path as aiohttp names its resource: `/runs/{id:[0-9a-z]+}` is `/runs/{id}`."""
    return web.UrlDispatcher().add_resource(path).canonical

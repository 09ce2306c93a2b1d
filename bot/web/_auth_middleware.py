"""Middleware that every request passes first: the only place that decides who is let in."""

import asyncio
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from theseus_observe.redaction import redact

from bot.domain.errors import NotAuthorized, RunError, TheseusError
from bot.web._pages import Pages
from bot.web._peer_process import is_ours
from bot.web._readers import Readers
from bot.web._responses import Refused, build_login_path, create_plain_response, see_other
from bot.web._routes import ROUTES, Route
from bot.web._rules import WebRules
from bot.web._sessions import Login, Sessions
from bot.web._token_auth import TokenAuth, parse_bearer

LOGIN = web.RequestKey("login", Login)
_LET_IN = web.RequestKey("let_in", bool)

_IN_ADDRESSES = frozenset({"token", "access_token", "auth", "key", "secret", "password"})
_log = structlog.stdlib.get_logger(__name__)


class AuthMiddleware:
    """Passes permitted requests to their handlers and answers all others with a plain message."""

    def __init__(
        self,
        rules: WebRules,
        token_auth: TokenAuth,
        sessions: Sessions,
        readers: Readers,
        pages: Pages,
    ) -> None:
        self._rules = rules
        self._readers = readers
        self._pages = pages
        self._token_auth = token_auth
        self._sessions = sessions
        self._table: Mapping[tuple[str, str], Route] = {
            (route.method, _canonicalize(route.path)): route for route in ROUTES
        }

    @property
    def cookie(self) -> str:
        """The name of the session cookie.

        It contains the port, because browsers share cookies between all ports of a host.
        """
        return f"theseus-{self._rules.port}"

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check the request and pass it to its handler; turn known errors into responses."""
        try:
            route = await self._admit(request)
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
            message = "the request took too long."
            return await self._build_error(request, 408, message, {"Connection": "close"})
        except NotAuthorized as error:
            return await self._build_error(request, 403, redact(str(error)))
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
        """Return an error response: a page for a browser, one line of text for a program."""
        if not _is_page(request):
            return create_plain_response(status, message, headers)
        response = await self._pages.render_error(status, message, known=_LET_IN in request)
        response.headers.update(headers or {})
        return response

    async def _admit(self, request: web.Request) -> Route:
        self._check_host(request)
        _check_shape(request)
        route = self._find_route(request)
        _check_origin(request, strictly=route.needs == "session" or route.name == "login")
        login = self._sessions.get(request.cookies.get(self.cookie))
        if login is not None:
            request[LOGIN] = login
        self._check_needs(request, route, login)
        if login is not None and route.needs in ("reader", "session"):
            await self._readers.check(login)
        if route.needs in ("reader", "session"):
            request[_LET_IN] = True
        return route

    def _find_route(self, request: web.Request) -> Route:
        """Return the entry of the route table. Raises `Refused` (404, 405) if there is none."""
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
        """Raise `Refused` unless the `Host` header holds one of our own names.

        This stops DNS rebinding, where a foreign name is made to resolve to this machine.
        """
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1:
            raise Refused(400, "send exactly one Host header.")
        name = _parse_host_name(hosts[0])
        if name in self._rules.names or _is_own_address(name, request):
            return
        raise Refused(
            421, "I do not know that host name; add it to http.trust if it is mine.",
            {"Connection": "close"},
        )  # fmt: skip

    def _check_needs(self, request: web.Request, route: Route, login: Login | None) -> None:
        match route.needs:
            case "open" | "signature" | "target":
                return  # the handler checks the signature, or the target's token, before all else
            case "reader":
                if login is None and self._rules.token is None:
                    self._check_peer(request)
                elif login is None:
                    self._check_bearer(request)
            case "token":
                if self._rules.token is None:
                    raise Refused(403, "this needs a token, and THESEUS_HTTP_TOKEN is not set.")
                self._check_bearer(request)
            case "session":
                if login is None:
                    raise Refused(401, "log in first.")

    def _check_peer(self, request: web.Request) -> None:
        """Raise `Refused` unless the peer runs as this user and addressed this machine directly.

        This check applies while no token is set. Requests through a proxy come from elsewhere; they
        are recognised by a trusted host name or by the proxy's own user id.
        """
        name = _parse_host_name(request.headers["Host"])
        ends = [request.get_extra_info(end) for end in ("peername", "sockname")]
        direct = name in self._rules.own_names or _is_own_address(name, request)
        if self._rules.reading_is_open and direct and all(ends) and is_ours(*ends):
            return
        if self._rules.has_logins:
            raise Refused(401, "log in first.")
        raise Refused(
            403, "without a token, only the user I run as may read this, on this machine; set "
            "THESEUS_HTTP_TOKEN to let others in.",
        )  # fmt: skip

    def _check_bearer(self, request: web.Request) -> None:
        token = parse_bearer(request.headers.get("Authorization", ""))
        if token is None or not self._token_auth.is_valid(token, request.remote):
            raise Refused(401, "this needs the token.", {"WWW-Authenticate": "Bearer"})


def _check_shape(request: web.Request) -> None:
    if not request.raw_path.startswith("/"):
        raise Refused(400, "ask for a path.")
    if _IN_ADDRESSES & {name.lower() for name in request.query}:
        message = "do not put a secret into an address, because logs store it; send it as a header."
        raise Refused(400, message)


def _check_origin(request: web.Request, *, strictly: bool) -> None:
    """Raise `Refused` for a request that another site's page made a browser send.

    `strictly` is set for requests that act: then the request must prove that it comes from our own
    page. Our pages send no referrer, so browsers send `Origin: null` even from them. In that case
    only `Sec-Fetch-Site: same-origin`, a header that no page can set, counts as proof.
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
    is_same_origin = site is not None and origin in (None, "null")
    if not is_same_origin and _get_netloc(origin or "") != request.headers["Host"].lower():
        raise Refused(403, "other sites may not send this.")


def _get_netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _parse_host_name(host: str) -> str:
    """Return the name in a `Host` header, or an empty string if it is invalid."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return ""


def _is_own_address(name: str, request: web.Request) -> bool:
    """Return whether the name is the IP address that the connection arrived at.

    An address needs no DNS look-up, so it cannot be rebound.
    """
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
    """Return the path in aiohttp's canonical form: `/runs/{id:[0-9a-z]+}` becomes `/runs/{id}`."""
    return web.UrlDispatcher().add_resource(path).canonical

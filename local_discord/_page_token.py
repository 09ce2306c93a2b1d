"""Who may act as a person: programs of our own user, and the page that this server gave out.

A program of the same user needs nothing. A request that a browser sent, or a program of another
account, needs the token of the page at `/`. The token is new with every start; the page is given it
only where another account cannot ask for it.
"""

import hmac
import ipaddress
import secrets
from collections.abc import Callable
from weakref import WeakKeyDictionary

from aiohttp import web
from aiohttp.typedefs import Handler

from local_discord._peer_process import Address, is_same_user

HEADER = "X-Page-Token"
PLACE = 'name="page-token" content="'
"""Where the page has its token: right behind this."""
_BROWSER_MARKS = ("Origin", "Referer", "Cookie")
_GUARDED = "/local/"

SameUser = Callable[[Address, Address], bool]


class PageToken:
    """The token of one start, and the middleware that asks for it."""

    def __init__(self, is_same_user: SameUser = is_same_user) -> None:
        self._token = secrets.token_urlsafe(32)
        self._is_same_user = is_same_user
        self._other_accounts: WeakKeyDictionary[object, bool] = WeakKeyDictionary()

    def fill(self, page: str, request: web.Request) -> str:
        """Return the page with the token in it; without it for another account."""
        token = "" if self._is_other_account(request) else self._token
        return page.replace(PLACE, PLACE + token, 1)

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse a request to the person side that needs the token and has another, or none."""
        if request.path.startswith(_GUARDED) and not self._is_allowed(request):
            error = (
                f"The header {HEADER} does not have this page's token. Open {request.host} again "
                "in a browser of the account that runs the server."
            )
            return web.json_response({"error": error}, status=403)
        return await handler(request)

    def _is_allowed(self, request: web.Request) -> bool:
        # The browser's EventSource can send no header of its own: the stream takes a parameter.
        token = request.headers.get(HEADER) or request.query.get("page_token", "")
        if hmac.compare_digest(token.encode(), self._token.encode()):
            return True
        return not (_has_browser_marks(request) or self._is_other_account(request))

    def _is_other_account(self, request: web.Request) -> bool:
        """Return whether the request comes from another account of this machine."""
        transport = request.transport
        if transport is None:
            return True
        if transport not in self._other_accounts:
            # Asked once for each connection: afterwards the kernel names no owner any more.
            peer, here = (transport.get_extra_info(end) for end in ("peername", "sockname"))
            self._other_accounts[transport] = _is_loopback(peer) and not self._is_same_user(
                peer, here
            )
        return self._other_accounts[transport]


def _has_browser_marks(request: web.Request) -> bool:
    return any(mark in request.headers for mark in _BROWSER_MARKS) or any(
        name.lower().startswith("sec-fetch-") for name in request.headers
    )


def _is_loopback(peer: object) -> bool:
    """Return whether a peer is on this machine; a Unix socket is guarded by its file."""
    if not isinstance(peer, tuple):
        return False
    return ipaddress.ip_address(str(peer[0]).partition("%")[0]).is_loopback

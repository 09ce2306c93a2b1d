"""Decides who may act as a person: programs of our own user, and the page that this server
delivered.

A program of the same user needs no token. A request from a browser, or from a program of another
account, needs the token in the page at `/`. The token is new with every start. The page contains it
only if another account did not request the page.
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
"""The text in the page after which the token is inserted."""
_BROWSER_MARKS = ("Origin", "Referer", "Cookie")
_GUARDED = "/local/"

SameUser = Callable[[Address, Address], bool]


class PageToken:
    """The token of one start, and the middleware that checks it."""

    def __init__(self, is_same_user: SameUser = is_same_user) -> None:
        self._token = secrets.token_urlsafe(32)
        self._is_same_user = is_same_user
        self._other_accounts: WeakKeyDictionary[object, bool] = WeakKeyDictionary()

    def fill(self, page: str, request: web.Request) -> str:
        """Return the page with the token inserted, or without it for another account."""
        return page.replace(PLACE, PLACE + self.get(request), 1)

    def get(self, request: web.Request) -> str:
        """Return the token for a page; an empty text for another account."""
        return "" if self._is_other_account(request) else self._token

    def is_right(self, token: str) -> bool:
        """Return whether this is the token."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse a request to the person side that needs the token but has none or a wrong one."""
        if request.path.startswith(_GUARDED) and not self._is_allowed(request):
            error = (
                f"The header {HEADER} does not contain the token of this page. "
                f"Open {request.host} again in a browser of the account that runs the server."
            )
            return web.json_response({"error": error}, status=403)
        return await handler(request)

    def _is_allowed(self, request: web.Request) -> bool:
        # A browser's EventSource cannot send custom headers, so the stream accepts a parameter.
        token = request.headers.get(HEADER) or request.query.get("page_token", "")
        if self.is_right(token):
            return True
        return not (_has_browser_marks(request) or self._is_other_account(request))

    def _is_other_account(self, request: web.Request) -> bool:
        """Return whether the request comes from another account of this machine."""
        transport = request.transport
        if transport is None:
            return True
        if transport not in self._other_accounts:
            # Look up once per connection: later the kernel no longer reports the owner.
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
    """Return whether a peer is on this machine; a Unix socket is protected by its file mode
    instead.
    """
    if not isinstance(peer, tuple):
        return False
    return ipaddress.ip_address(str(peer[0]).partition("%")[0]).is_loopback

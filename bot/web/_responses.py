"""Responses, and the headers that every response carries."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from aiohttp import web

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NO_STORE = "no-store"
_LONGEST_PATH = 2_000


class Refused(Exception):
    """Raised to answer the request with this status and plain message."""

    def __init__(
        self, status: int, message: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def add_security_headers(response: web.StreamResponse) -> None:
    """Add the headers that every response carries; a response may set its own `Cache-Control`."""
    response.headers.update(SECURITY)
    response.headers.setdefault("Cache-Control", NO_STORE)
    response.headers["Server"] = "theseus"


def create_plain_response(
    status: int, message: str = "", headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a response with a plain text message and no internal detail."""
    title = HTTPStatus(status).phrase
    text = f"{status} {title}{': ' if message else ''}{message}\n"
    return web.Response(status=status, text=text, content_type="text/plain", headers=headers)


def as_json(content: Mapping[str, object], status: int = 200) -> web.Response:
    """Return a JSON response."""
    text = json.dumps(content, ensure_ascii=True, indent=2, default=str) + "\n"
    return web.Response(status=status, text=text, content_type="application/json")


def build_login_path(page: str) -> str:
    """Return the path of the login that then leads to this page, if the page is one of ours."""
    if page == "/" or not _is_ours(page):
        return "/login"
    return f"/login?next={quote(page, safe='')}"


def resolve_login_target(page: str) -> str:
    """Return the page to show after the login: the requested one if it is one of ours, else `/`."""
    return page if _is_ours(page) else "/"


def _is_ours(page: str) -> bool:
    """Return whether a browser takes the text as a path of this server.

    The text may come from a link that anyone wrote, so open redirects are refused.
    """
    plain = page.isascii() and page.isprintable() and "\\" not in page
    return plain and len(page) <= _LONGEST_PATH and re.match(r"/(?!/|login)", page) is not None


def see_other(path: str) -> web.Response:
    """Return a redirect to another page of ours."""
    return web.Response(status=303, headers={"Location": path})

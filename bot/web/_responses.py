"""Answers, and what every one of them carries."""

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
    """The request is answered with this status and these plain words."""

    def __init__(
        self, status: int, message: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def add_security_headers(response: web.StreamResponse) -> None:
    """Put on what every answer carries; what is cached says so itself."""
    response.headers.update(SECURITY)
    response.headers.setdefault("Cache-Control", NO_STORE)
    response.headers["Server"] = "theseus"


def create_plain_response(
    status: int, message: str = "", headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return an answer in plain words, without a trace of how it came about."""
    title = HTTPStatus(status).phrase
    text = f"{status} {title}{': ' if message else ''}{message}\n"
    return web.Response(status=status, text=text, content_type="text/plain", headers=headers)


def as_json(content: Mapping[str, object], status: int = 200) -> web.Response:
    """Return an answer for programs."""
    text = json.dumps(content, ensure_ascii=True, indent=2, default=str) + "\n"
    return web.Response(status=status, text=text, content_type="application/json")


def build_login_path(page: str) -> str:
    """Return the address of the login that leads on to a page of ours; others are left out."""
    if page == "/" or not _is_ours(page):
        return "/login"
    return f"/login?next={quote(page, safe='')}"


def resolve_login_target(page: str) -> str:
    """Return where a login leads: the page that was wanted, where it is one of ours."""
    return page if _is_ours(page) else "/"


def _is_ours(page: str) -> bool:
    """Whether a browser takes it for a path of this server, whoever wrote it into a link."""
    plain = page.isascii() and page.isprintable() and "\\" not in page
    return plain and len(page) <= _LONGEST_PATH and re.match(r"/(?!/|login)", page) is not None


def see_other(path: str) -> web.Response:
    """Send the browser on to another page of ours."""
    return web.Response(status=303, headers={"Location": path})

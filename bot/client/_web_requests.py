"""Records the web requests that cogs make while they answer a person, with the responses.

Cogs create their own sessions. aiohttp's tracing is a setting of a session, so each cog would need
code for it, and tracing does not include the body. Instead, the one method that all requests go
through is wrapped while a client runs. The body is never read here: the cog reads it, and aiohttp's
copy of it is used when the record is made. A streamed body is not recorded.
"""

import functools
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import FrameType
from typing import Any, ClassVar, NamedTuple

import aiohttp
from discord.http import Route
from theseus_rehearsal.records import WebAnswer
from yarl import URL

from bot.client._exchanges import STRANGE, get_current_exchange
from bot.client._traffic_cast import Cast

MOST_REQUESTS = 20
LONGEST_BODY = 20_000  # characters

_HEADERS = ("content-type", "etag", "link", "location", "retry-after")
_LIMITS = ("x-ratelimit-", "ratelimit", "x-rate-limit-")
_ORIGINAL = aiohttp.ClientSession._request
_Request = Callable[..., Awaitable[aiohttp.ClientResponse]]


class WebRequest(NamedTuple):
    """A request, and the response as far as there was one; `error` says what came instead."""

    method: str
    url: str
    response: aiohttp.ClientResponse | None = None
    status: int = 0
    headers: Mapping[str, str] = {}
    error: str = ""


class WebRecording:
    """Wraps aiohttp's requests while it is attached; several may be, in one process."""

    _attached: ClassVar[set["WebRecording"]] = set()

    def attach(self) -> None:
        """Begin to note requests; again is harmless."""
        if not self._attached:
            self._swap(_record_requests(_ORIGINAL))
        self._attached.add(self)

    def detach(self) -> None:
        """Restore aiohttp's own method once no client is attached; again has no effect."""
        self._attached.discard(self)
        if not self._attached:
            self._swap(_ORIGINAL)

    @staticmethod
    def _swap(request: Any) -> None:
        aiohttp.ClientSession._request = request  # type: ignore[method-assign]


def collect_web_answers(
    requests: Sequence[WebRequest], cast: Cast
) -> tuple[tuple[WebAnswer, ...], bool]:
    """Return what the web answered, without people and secrets, and whether that is all of it."""
    answers, whole = [], True
    for request in requests:
        body, read = _read_body(request.response)
        clean, changed = cast.redact_input(body[:LONGEST_BODY])
        whole = whole and read and not changed and len(body) <= LONGEST_BODY
        answers.append(
            WebAnswer.model_validate(
                {
                    "url": cast.redact_text(request.url),
                    "method": request.method.upper(),
                    "status": request.response.status
                    if request.response
                    else request.status or 200,
                    "headers": _select_headers(request, cast),
                    "body": clean,
                    "error": request.error,
                }
            )
        )
    return tuple(answers), whole


def _record_requests(original: _Request) -> _Request:
    @functools.wraps(original)
    async def request(
        session: aiohttp.ClientSession, method: str, str_or_url: Any, **given: Any
    ) -> aiohttp.ClientResponse:
        __tracebackhide__ = True  # what fails in here is the cog's request, not this wrapper
        exchange = get_current_exchange()
        if (
            exchange is None
            or len(exchange.web) >= MOST_REQUESTS
            or _is_own_request(sys._getframe(1))
        ):
            return await original(session, method, str_or_url, **given)
        url = _build_url(session, str_or_url, given.get("params"))
        if not url or url.startswith(Route.BASE):
            return await original(session, method, str_or_url, **given)
        try:
            response = await original(session, method, str_or_url, **given)
        except aiohttp.ClientResponseError as error:  # the session raises for a status
            headers: Mapping[str, str] = error.headers or {}
            exchange.web.append(WebRequest(method, url, status=error.status, headers=headers))
            raise
        except TimeoutError:
            exchange.web.append(WebRequest(method, url, error="timeout"))
            raise
        except (aiohttp.ClientConnectionError, OSError):
            exchange.web.append(WebRequest(method, url, error="refused"))
            raise
        exchange.web.append(WebRequest(method, url, response))
        return response

    return request


def _is_own_request(frame: FrameType | None) -> bool:
    """Return whether the core sends the request, not a cog or a library of a cog."""
    while frame is not None and _get_module(frame).startswith("aiohttp."):
        frame = frame.f_back
    return frame is not None and _get_module(frame).startswith("bot.")


def _get_module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _build_url(session: aiohttp.ClientSession, asked: Any, params: Any) -> str:
    """Return the complete address of the request; empty if it cannot be determined."""
    try:
        url: URL = session._build_url(asked)
        return str(url.update_query(params) if params else url)
    except STRANGE:
        return ""


def _read_body(response: aiohttp.ClientResponse | None) -> tuple[str, bool]:
    """Return what was read of a body, and whether anything was."""
    if response is None:
        return "", True
    body = response._body
    return ("", False) if body is None else (body.decode("utf-8", "replace"), True)


def _select_headers(request: WebRequest, cast: Cast) -> dict[str, str]:
    headers = request.response.headers if request.response is not None else request.headers
    return {
        name.title(): cast.redact_text(value)
        for name, value in headers.items()
        if name.lower() in _HEADERS or name.lower().startswith(_LIMITS)
    }

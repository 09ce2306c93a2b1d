"""The supported requests, and the headers that are forwarded in each direction."""

import re
from collections.abc import Callable, Mapping

from aiohttp import HttpVersion11, web
from multidict import CIMultiDict, CIMultiDictProxy

from bot.adapters.model_gateway._answers import (
    GatewayRefusal,
    refuse_forbidden,
    refuse_invalid,
    refuse_unknown,
)

MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
_BETA = "?beta=true"
# Exactly as in the request line: nothing is decoded, joined or cut off.
_TARGETS: Mapping[str, str] = {
    target: path for path in (MESSAGES, COUNT) for target in (path, path + _BETA)
}
_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?", re.ASCII)
_ASKED = frozenset(
    {
        "accept", "anthropic-beta", "anthropic-version", "user-agent", "x-app",
        "x-claude-code-session-id",
    }
)  # fmt: skip
_ASKED_PREFIX = "x-stainless-"
_PLAIN = re.compile(r"[\x20-\x7e]{0,2000}")
_ANSWERED = frozenset({"content-type", "request-id", "retry-after", "x-should-retry"})
_ANSWERED_PREFIX = "anthropic-ratelimit-"


def parse_target(http: web.Request) -> str:
    """Return the path of a supported request. Raises `GatewayRefusal`."""
    path = _TARGETS.get(http.raw_path)
    if path is None:
        raise refuse_unknown()
    if http.method != "POST":
        raise GatewayRefusal(405, "invalid_request_error", "Use POST for this request.")
    if http.version != HttpVersion11:
        raise refuse_invalid("Use HTTP/1.1 for this request.")
    host = http.headers.getall("Host", [])
    if len(host) != 1 or not _HOST.fullmatch(host[0]):
        raise refuse_forbidden("This is not the host name of this gateway.")
    if "Origin" in http.headers or "Cookie" in http.headers:
        raise refuse_forbidden("This gateway is not for browsers.")
    if http.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise refuse_invalid("The body must not be compressed.")
    return path


def build_request_headers(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return the headers of a program that the provider may see."""
    selected: dict[str, str] = {}
    for name in {header.lower() for header in headers}:
        if name in _ASKED or name.startswith(_ASKED_PREFIX):
            value = ",".join(headers.getall(name))
            if _PLAIN.fullmatch(value):
                selected[name] = value
    return selected


def build_response_headers(
    headers: Mapping[str, str], clean: Callable[[str], str]
) -> CIMultiDict[str]:
    """Return the provider's headers that a program may see; none that contains a secret."""
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if (name.lower() in _ANSWERED or name.lower().startswith(_ANSWERED_PREFIX))
        and clean(value) == value
    )

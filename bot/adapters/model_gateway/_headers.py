"""The few requests there are, and which of their headers go on, and come back."""

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
# Exactly as they stand in the first line of a request: nothing is decoded, joined or cut off.
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
    """Return which of the few requests it is. Raises `GatewayRefusal`."""
    found = _TARGETS.get(http.raw_path)
    if found is None:
        raise refuse_unknown()
    if http.method != "POST":
        raise GatewayRefusal(405, "invalid_request_error", "This is asked with POST.")
    if http.version != HttpVersion11:
        raise refuse_invalid("This is asked with HTTP/1.1.")
    host = http.headers.getall("Host", [])
    if len(host) != 1 or not _HOST.fullmatch(host[0]):
        raise refuse_forbidden("This gateway has another name.")
    if "Origin" in http.headers or "Cookie" in http.headers:
        raise refuse_forbidden("This gateway is not for browsers.")
    if http.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise refuse_invalid("The body has to be sent as it is, not packed.")
    return found


def build_request_headers(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return the headers of a program's that the provider is to see."""
    found: dict[str, str] = {}
    for name in {each.lower() for each in headers}:
        if name in _ASKED or name.startswith(_ASKED_PREFIX):
            value = ",".join(headers.getall(name))
            if _PLAIN.fullmatch(value):
                found[name] = value
    return found


def build_response_headers(
    headers: Mapping[str, str], clean: Callable[[str], str]
) -> CIMultiDict[str]:
    """Return the headers of the provider's that a program is to see; none with a secret in it."""
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if (name.lower() in _ANSWERED or name.lower().startswith(_ANSWERED_PREFIX))
        and clean(value) == value
    )

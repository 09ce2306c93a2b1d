"""What the gateway itself answers: errors in the shape the Messages API tells them."""

import math
from collections.abc import Mapping

from aiohttp import web

from bot.domain.errors import AgentOverloaded, PolicyError, TheseusError

# What the program would ask again for ever, were it not told to leave it.
FINAL: Mapping[str, str] = {"x-should-retry": "false"}


class GatewayRefusal(Exception):
    """A request goes no further. `told` is one sentence that is safe to show.

    `why` is the rule of ours that says so, where one does. `unsure`: the provider may have worked
    on it nevertheless.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        headers: Mapping[str, str] = FINAL,
        why: TheseusError | None = None,
        unsure: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.headers = headers
        self.why = why
        self.unsure = unsure

    def answer(self) -> web.Response:
        """Return it as the API would tell it."""
        error = {"type": self.kind, "message": self.message}
        body = {"type": "error", "error": error}
        return web.json_response(body, status=self.status, headers=dict(self.headers))


def refuse_invalid(message: str) -> GatewayRefusal:
    """Refuse a request that makes no sense."""
    return GatewayRefusal(400, "invalid_request_error", message)


def refuse_unknown(message: str = "This gateway knows no such request.") -> GatewayRefusal:
    """Refuse what is not among the few requests there are."""
    return GatewayRefusal(404, "not_found_error", message)


def refuse_forbidden(message: str) -> GatewayRefusal:
    """Refuse what a program may not ask, whoever it is."""
    return GatewayRefusal(403, "permission_error", message)


def refuse_stranger() -> GatewayRefusal:
    """Refuse whoever has no pass, or none that counts any more."""
    return GatewayRefusal(401, "authentication_error", "This gateway does not know this key.")


def refuse_by_policy(why: PolicyError) -> GatewayRefusal:
    """Refuse by a rule of ours. For a 403 the program asks neither again nor in another way."""
    return GatewayRefusal(403, "permission_error", str(why), why=why)


def refuse_too_large(max_bytes: int) -> GatewayRefusal:
    """Refuse a body of more than `most` bytes."""
    return GatewayRefusal(
        413, "request_too_large", f"A request may have {max_bytes:,} bytes at most."
    )


def refuse_too_slow() -> GatewayRefusal:
    """Refuse a body that does not come."""
    return GatewayRefusal(408, "timeout_error", "The request took too long to arrive.")


def refuse_limited(seconds: float, message: str) -> GatewayRefusal:
    """Refuse until a usage limit ends."""
    headers = {"retry-after": str(math.ceil(seconds))}
    return GatewayRefusal(429, "rate_limit_error", message, headers)


def refuse_resting(seconds: float, message: str) -> GatewayRefusal:
    """Refuse while the provider is left alone: that is our word, and not an answer of its."""
    headers = {"retry-after": str(math.ceil(seconds))}
    return GatewayRefusal(503, "overloaded_error", message, headers, why=AgentOverloaded(message))


def refuse_unreachable(message: str, *, unsure: bool = False) -> GatewayRefusal:
    """Say that the provider cannot be reached, or did not answer."""
    return GatewayRefusal(502, "api_error", message, {}, unsure=unsure)


def refuse_unrecorded(why: TheseusError) -> GatewayRefusal:
    """Refuse as it cannot be written down."""
    return GatewayRefusal(503, "api_error", str(why))

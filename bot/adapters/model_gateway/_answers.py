"""The gateway's own error responses, in the format of the Messages API."""

import math
from collections.abc import Mapping

from aiohttp import web

from bot.domain.errors import AgentOverloaded, PolicyError, TheseusError

# Without this header the program would retry the request endlessly.
FINAL: Mapping[str, str] = {"x-should-retry": "false"}


class GatewayRefusal(Exception):
    """A request is refused. `message` is one sentence that is safe to show.

    `why` is our own rule that refused it, if one did. `unsure` is true if the provider may have
    processed the request nevertheless.
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
        """Return the response in the API's error format."""
        error = {"type": self.kind, "message": self.message}
        body = {"type": "error", "error": error}
        return web.json_response(body, status=self.status, headers=dict(self.headers))


def refuse_invalid(message: str) -> GatewayRefusal:
    """Refuse an invalid request."""
    return GatewayRefusal(400, "invalid_request_error", message)


def refuse_unknown(message: str = "This gateway does not support this request.") -> GatewayRefusal:
    """Refuse a request that is not among the few supported ones."""
    return GatewayRefusal(404, "not_found_error", message)


def refuse_forbidden(message: str) -> GatewayRefusal:
    """Refuse a request that no program may make."""
    return GatewayRefusal(403, "permission_error", message)


def refuse_stranger() -> GatewayRefusal:
    """Refuse a caller without a valid token."""
    return GatewayRefusal(401, "authentication_error", "This gateway does not know this key.")


def refuse_by_policy(why: PolicyError) -> GatewayRefusal:
    """Refuse by our own rule. After a 403 the program does not retry, nor try another way."""
    return GatewayRefusal(403, "permission_error", str(why), why=why)


def refuse_too_large(max_bytes: int) -> GatewayRefusal:
    """Refuse a body of more than `max_bytes` bytes."""
    return GatewayRefusal(
        413, "request_too_large", f"A request may have {max_bytes:,} bytes at most."
    )


def refuse_too_slow() -> GatewayRefusal:
    """Refuse a request whose body does not arrive in time."""
    return GatewayRefusal(408, "timeout_error", "The request took too long to arrive.")


def refuse_limited(seconds: float, message: str) -> GatewayRefusal:
    """Refuse until a usage limit ends."""
    headers = {"retry-after": str(math.ceil(seconds))}
    return GatewayRefusal(429, "rate_limit_error", message, headers)


def refuse_resting(seconds: float, message: str) -> GatewayRefusal:
    """Refuse while the circuit breaker is open; the gateway decides this, not the provider."""
    headers = {"retry-after": str(math.ceil(seconds))}
    return GatewayRefusal(503, "overloaded_error", message, headers, why=AgentOverloaded(message))


def refuse_unreachable(message: str, *, unsure: bool = False) -> GatewayRefusal:
    """Report that the provider cannot be reached, or did not answer."""
    return GatewayRefusal(502, "api_error", message, {}, unsure=unsure)


def refuse_unrecorded(why: TheseusError) -> GatewayRefusal:
    """Refuse a request that cannot be recorded."""
    return GatewayRefusal(503, "api_error", str(why))

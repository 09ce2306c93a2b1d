"""What a scripted model may do when it is asked: the words stories are written in."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.twins.model._requests import Request

STRUCTURED = "StructuredOutput"

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
MESSAGES = {
    401: "invalid x-api-key",
    403: "Your API key does not have permission to use the specified resource.",
    429: "This request would exceed your account's rate limit. Please try again later.",
    500: "Internal server error",
    529: "Overloaded",
}


class Turn:
    """Anything that answers one request."""


@dataclass(frozen=True)
class Text:
    """Words for whoever asked."""

    text: str


@dataclass(frozen=True)
class Thought:
    """Thinking shown before the answer."""

    text: str


@dataclass(frozen=True)
class Use:
    """One call of a tool. `offered`: the story is wrong where the request does not offer it."""

    tool: str
    arguments: Mapping[str, object]
    offered: bool = True


Block = Text | Thought | Use


@dataclass(frozen=True)
class Message(Turn):
    """One whole answer. Tokens that are not given are counted from characters."""

    blocks: tuple[Block, ...]
    stop_reason: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None

    def costing(self, tokens_in: int, tokens_out: int) -> "Message":
        """Return the same answer with these tokens in and out."""
        return replace(self, tokens_in=tokens_in, tokens_out=tokens_out)


@dataclass(frozen=True)
class Gift(Turn):
    """The structured answer a schema asked for."""

    value: object


@dataclass(frozen=True)
class Failure(Turn):
    """An HTTP error instead of an answer, for `times` requests."""

    status: int
    error_type: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass(frozen=True)
class Broken(Turn):
    """An answer that begins and does not end: the connection breaks, stalls or tells an error."""

    begun: Message | None
    how: Literal["closed", "silent", "error"]
    error_type: str = ""
    times: int = 1


@dataclass(frozen=True)
class Slow(Turn):
    """A turn after this many seconds of the model's own time."""

    seconds: float
    turn: Turn


@dataclass(frozen=True)
class Held(Turn):
    """A turn that waits for the test to open a gate."""

    gate: asyncio.Event
    turn: Turn


@dataclass(frozen=True)
class Told(Turn):
    """A turn that is made from the request."""

    decide: Callable[[Request], Turn]


@dataclass(frozen=True)
class Forever(Turn):
    """A turn that is played again and again."""

    turn: Turn


def says(text: str, *more: Message) -> Message:
    """Say something; `more` (further words, calls) comes in the same answer."""
    return together(Message((Text(text),)), *more)


def thinks(text: str, *more: Message) -> Message:
    """Think aloud, then go on with `more` in the same answer."""
    return together(Message((Thought(text),)), *more)


def calls(tool: str, /, **arguments: object) -> Message:
    """Call a tool. `{cwd}` in an argument, and a relative `file_path`, get the asker's folder."""
    return Message((Use(tool, arguments),))


def invents(tool: str, /, **arguments: object) -> Message:
    """Call a tool that nobody offered."""
    return Message((Use(tool, arguments, offered=False),))


def together(*parts: Message) -> Message:
    """Give all these parts in one answer."""
    reasons = [part.stop_reason for part in parts if part.stop_reason]
    costs = [(part.tokens_in or 0, part.tokens_out or 0) for part in parts]
    tokens_in, tokens_out = (sum(column) or None for column in zip(*costs, strict=True))
    blocks = tuple(block for part in parts for block in part.blocks)
    return Message(blocks, reasons[-1] if reasons else None, tokens_in, tokens_out)


def gives(value: object) -> Gift:
    """Give the structured answer that the request's schema asks for."""
    return Gift(value)


def refuses(text: str = "") -> Message:
    """Decline: the stop reason is `refusal`."""
    return Message((Text(text),) if text else (), "refusal")


def stops_short(text: str) -> Message:
    """Run into the limit of tokens in the middle of an answer."""
    return Message((Text(text),), "max_tokens")


def fails(
    status: int,
    error_type: str = "",
    message: str = "",
    *,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
    times: int = 1,
) -> Failure:
    """Answer `times` requests with an HTTP error in the API's own shape."""
    more = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return Failure(
        status,
        error_type or ERROR_TYPES.get(status, "api_error"),
        message or MESSAGES.get(status, f"Error {status}"),
        {**more, **(headers or {})},
        times,
    )


def limited(*, resets_in: float, claim: str = "five_hour", times: int = 1) -> Failure:
    """Refuse for a usage limit that ends in so many seconds, as the API tells subscribers."""
    reset = str(int(time.time() + resets_in))
    window = {"five_hour": "5h", "seven_day": "7d"}.get(claim, "5h")
    unified = "anthropic-ratelimit-unified"
    headers = {
        f"{unified}-status": "rejected",
        f"{unified}-reset": reset,
        f"{unified}-representative-claim": claim,
        f"{unified}-{window}-status": "rejected",
        f"{unified}-{window}-reset": reset,
        f"{unified}-{window}-utilization": "1.0",
        f"{unified}-overage-status": "rejected",
        f"{unified}-overage-disabled-reason": "org_level_disabled",
    }
    return fails(429, headers=headers, retry_after=int(resets_in), times=times)


def cuts_off(after: str | Message = "I will", *, times: int = 1) -> Broken:
    """Begin to answer, then break the connection."""
    return Broken(_message(after), "closed", times=times)


def breaks(
    error_type: str = "overloaded_error", after: str | Message = "I will", *, times: int = 1
) -> Broken:
    """Begin to answer, then tell an error in the stream."""
    return Broken(_message(after), "error", error_type, times)


def falls_silent(after: str | Message | None = None, *, times: int = 1) -> Broken:
    """Say nothing more, with the connection open; without `after` not even a status line."""
    return Broken(None if after is None else _message(after), "silent", times=times)


def slow(seconds: float, turn: Turn) -> Slow:
    """Take this long before the first token."""
    return Slow(seconds, turn)


def held(gate: asyncio.Event, turn: Turn) -> Held:
    """Take the turn when the test opens the gate."""
    return Held(gate, turn)


def told(decide: Callable[[Request], Turn]) -> Told:
    """Decide the turn when the request is there."""
    return Told(decide)


def forever(turn: Turn) -> Forever:
    """Play this turn for every request from here on."""
    return Forever(turn)


def _message(after: str | Message) -> Message:
    return says(after) if isinstance(after, str) else after

"""The turns of a scripted model, from which stories are written."""

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
    """A text for the client."""

    text: str


@dataclass(frozen=True)
class Thought:
    """Thinking shown before the answer."""

    text: str


@dataclass(frozen=True)
class ToolUse:
    """One call of a tool. `offered`: the story is wrong where the request does not offer it."""

    tool: str
    arguments: Mapping[str, object]
    offered: bool = True


Block = Text | Thought | ToolUse


@dataclass(frozen=True)
class Message(Turn):
    """One complete answer. Tokens that are not set are counted from characters."""

    blocks: tuple[Block, ...]
    stop_reason: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None

    def set_tokens(self, tokens_in: int, tokens_out: int) -> "Message":
        """Return the same answer with these tokens in and out."""
        return replace(self, tokens_in=tokens_in, tokens_out=tokens_out)


@dataclass(frozen=True)
class StructuredAnswer(Turn):
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
class BrokenAnswer(Turn):
    """An answer that begins and does not end: the connection breaks, stalls or sends an error."""

    begun: Message | None
    how: Literal["closed", "silent", "error"]
    error_type: str = ""
    times: int = 1


@dataclass(frozen=True)
class SlowTurn(Turn):
    """A turn after this many seconds of the model's own time."""

    seconds: float
    turn: Turn


@dataclass(frozen=True)
class HeldTurn(Turn):
    """A turn that waits for the test to open a gate."""

    gate: asyncio.Event
    turn: Turn


@dataclass(frozen=True)
class DynamicTurn(Turn):
    """A turn that is made from the request."""

    decide: Callable[[Request], Turn]


@dataclass(frozen=True)
class RepeatedTurn(Turn):
    """A turn that is repeated."""

    turn: Turn


def say_text(text: str, *more: Message) -> Message:
    """Send a text; `more` (further texts, calls) is in the same answer."""
    return combine_parts(Message((Text(text),)), *more)


def think_aloud(text: str, *more: Message) -> Message:
    """Send a thinking block, then `more` in the same answer."""
    return combine_parts(Message((Thought(text),)), *more)


def call_tool(tool: str, /, **arguments: object) -> Message:
    """Call a tool. `{cwd}` in an argument, and a relative `file_path`, get the asker's folder."""
    return Message((ToolUse(tool, arguments),))


def call_unknown_tool(tool: str, /, **arguments: object) -> Message:
    """Call a tool that was not offered."""
    return Message((ToolUse(tool, arguments, offered=False),))


def combine_parts(*parts: Message) -> Message:
    """Give all these parts in one answer."""
    reasons = [part.stop_reason for part in parts if part.stop_reason]
    costs = [(part.tokens_in or 0, part.tokens_out or 0) for part in parts]
    tokens_in, tokens_out = (sum(column) or None for column in zip(*costs, strict=True))
    blocks = tuple(block for part in parts for block in part.blocks)
    return Message(blocks, reasons[-1] if reasons else None, tokens_in, tokens_out)


def give_result(value: object) -> StructuredAnswer:
    """Give the structured answer that the request's schema asks for."""
    return StructuredAnswer(value)


def refuse_answer(text: str = "") -> Message:
    """Decline: the stop reason is `refusal`."""
    return Message((Text(text),) if text else (), "refusal")


def stop_short(text: str) -> Message:
    """Run into the limit of tokens in the middle of an answer."""
    return Message((Text(text),), "max_tokens")


def fail_request(
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


def limit_usage(*, resets_in: float, claim: str = "five_hour", times: int = 1) -> Failure:
    """Refuse because of a usage limit that ends in this many seconds, as for subscribers."""
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
    return fail_request(429, headers=headers, retry_after=int(resets_in), times=times)


def cut_off(after: str | Message = "I will", *, times: int = 1) -> BrokenAnswer:
    """Begin to answer, then break the connection."""
    return BrokenAnswer(_make_message(after), "closed", times=times)


def break_stream(
    error_type: str = "overloaded_error", after: str | Message = "I will", *, times: int = 1
) -> BrokenAnswer:
    """Begin to answer, then send an error in the stream."""
    return BrokenAnswer(_make_message(after), "error", error_type, times)


def fall_silent(after: str | Message | None = None, *, times: int = 1) -> BrokenAnswer:
    """Send nothing more, with the connection open; without `after`, not even a status line."""
    return BrokenAnswer(None if after is None else _make_message(after), "silent", times=times)


def delay_turn(seconds: float, turn: Turn) -> SlowTurn:
    """Take this long before the first token."""
    return SlowTurn(seconds, turn)


def hold_turn(gate: asyncio.Event, turn: Turn) -> HeldTurn:
    """Take the turn when the test opens the gate."""
    return HeldTurn(gate, turn)


def choose_turn(decide: Callable[[Request], Turn]) -> DynamicTurn:
    """Decide the turn when the request is there."""
    return DynamicTurn(decide)


def repeat_turn(turn: Turn) -> RepeatedTurn:
    """Repeat this turn for every further request."""
    return RepeatedTurn(turn)


def _make_message(after: str | Message) -> Message:
    return say_text(after) if isinstance(after, str) else after

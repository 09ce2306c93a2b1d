"""What a conversation with the program tells, in our words: the SDK's types stay below this."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.cost import Cost


@dataclass(frozen=True)
class ModelText:
    """The model said something in between. `spent` is so far, in this call."""

    text: str
    cost: Cost


@dataclass(frozen=True)
class ModelTextDelta:
    """The next letters of what the model is saying; told in a chat only."""

    letters: str
    cost: Cost


@dataclass(frozen=True)
class ToolCall:
    """The model calls a tool: `Read`, `Edit`, `mcp__theseus__run_tests`."""

    id: str
    tool: str
    arguments: Mapping[str, object]
    cost: Cost


@dataclass(frozen=True)
class ToolResult:
    """What the call with this id returned to the model."""

    id: str
    tool: str
    failed: bool
    text: str


@dataclass(frozen=True)
class ModelReply:
    """The model's last word of a turn. `structured` is there where a schema was asked for."""

    text: str
    structured: object | None
    cost: Cost


Seen = ModelText | ModelTextDelta | ToolCall | ToolResult


@dataclass(frozen=True)
class Allow:
    """A tool call may be made, with these arguments instead of its own where they are given."""

    arguments: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Deny:
    """A tool call may not be made; the model reads why, and what to do instead."""

    reason: str


Ruling = Allow | Deny

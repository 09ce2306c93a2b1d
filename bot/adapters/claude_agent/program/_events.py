"""The events of a conversation. The SDK's types are not used above this package's transport."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.cost import Cost


@dataclass(frozen=True)
class ModelText:
    """The model wrote text within a turn. `cost` is the sum so far, in this call."""

    text: str
    cost: Cost


@dataclass(frozen=True)
class ModelTextDelta:
    """The next letters of the model's text; reported in a chat only."""

    letters: str
    cost: Cost


@dataclass(frozen=True)
class ToolCall:
    """The model calls a tool, such as `Read`, `Edit` or `mcp__theseus__run_tests`."""

    id: str
    tool: str
    arguments: Mapping[str, object]
    cost: Cost


@dataclass(frozen=True)
class ToolResult:
    """The result of the call with this id."""

    id: str
    tool: str
    failed: bool
    text: str


@dataclass(frozen=True)
class ModelReply:
    """The model's final answer of a turn. `structured` is set if a schema was requested."""

    text: str
    structured: object | None
    cost: Cost


Seen = ModelText | ModelTextDelta | ToolCall | ToolResult


@dataclass(frozen=True)
class Allow:
    """A tool call may be made, with `arguments` in place of its own if they are set."""

    arguments: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Deny:
    """A tool call may not be made; the model reads the reason and an alternative."""

    reason: str


Ruling = Allow | Deny

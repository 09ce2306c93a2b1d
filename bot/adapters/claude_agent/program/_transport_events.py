"""The events that the program sends, before limits and failures are derived from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Alive:
    """The program is alive."""


@dataclass(frozen=True)
class TextBlockReceived:
    """The model wrote a block of text."""

    text: str


@dataclass(frozen=True)
class TextDelta:
    """The next letters of a text; `TextBlockReceived` follows with the complete text."""

    letters: str


@dataclass(frozen=True)
class ToolCalled:
    """The model calls a tool."""

    id: str
    tool: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class ToolReturned:
    """The result of a call."""

    id: str
    failed: bool
    text: str


@dataclass(frozen=True)
class UsageReported:
    """The tokens of one answer so far; several of these may come for the same `answer`."""

    answer: str
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True)
class Retrying:
    """The program retries a request after so many seconds. `status` is the HTTP status."""

    status: int | None
    seconds: float


@dataclass(frozen=True)
class LimitReached:
    """The provider said when the usage limit ends."""

    until: datetime | None


@dataclass(frozen=True)
class ProgramError:
    """The program reports an error in place of the model's text."""

    kind: str
    text: str


@dataclass(frozen=True)
class TurnEnded:
    """The turn has ended.

    Costs and tokens are totals of the conversation with earlier processes.

    `kind` is the SDK's `subtype`, `reason` its `terminal_reason`, `status` the HTTP status.
    """

    failed: bool
    kind: str = "success"
    reason: str = ""
    stop_reason: str = ""
    status: int | None = None
    text: str = ""
    structured: object | None = None
    cost_usd: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


Heard = (
    Alive
    | TextBlockReceived
    | TextDelta
    | ToolCalled
    | ToolReturned
    | UsageReported
    | Retrying
    | LimitReached
    | ProgramError
    | TurnEnded
)

"""What comes over the line from the program, before limits and failures are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Alive:
    """Something moves."""


@dataclass(frozen=True)
class TextBlockReceived:
    """The model wrote this."""

    text: str


@dataclass(frozen=True)
class TextDelta:
    """The model is writing: these are the next letters of what `TextBlockReceived` tells as a whole."""

    letters: str


@dataclass(frozen=True)
class ToolCalled:
    """The model calls a tool."""

    id: str
    tool: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class ToolReturned:
    """A call returned this."""

    id: str
    failed: bool
    text: str


@dataclass(frozen=True)
class UsageReported:
    """Tokens of one answer so far; several of these may come for the same `answer`."""

    answer: str
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True)
class Retrying:
    """The program asks the provider again after so many seconds. `status` is HTTP's."""

    status: int | None
    seconds: float


@dataclass(frozen=True)
class LimitReached:
    """The provider told when the usage limit ends."""

    until: datetime | None


@dataclass(frozen=True)
class ProgramError:
    """The program says in the model's place that something failed."""

    kind: str
    text: str


@dataclass(frozen=True)
class TurnEnded:
    """The turn is over. Costs and tokens are of the whole conversation, earlier processes too.

    `kind` is the SDK's `subtype`, `reason` its `terminal_reason`, `status` HTTP's.
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

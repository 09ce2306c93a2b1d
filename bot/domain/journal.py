"""Journal records: one for each action, with a capsule if it failed."""

import re
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.audience import Audience


class Kind(StrEnum):
    """The kinds of action that are journalled."""

    COMMAND = "command"
    CONTEXT_MENU = "context_menu"
    COMPONENT = "component"
    LISTENER = "listener"
    TASK = "task"
    CHAT = "chat"
    MODEL = "model"
    FORGE = "forge"
    CHECK = "check"
    RELOAD = "reload"
    GATEWAY = "gateway"
    RUN = "run"
    SKILL = "skill"
    TOOL = "tool"


class ActionOutcome(StrEnum):
    """How an action ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    NO_RESPONSE = "no_response"


FAILED = frozenset({ActionOutcome.ERROR, ActionOutcome.TIMEOUT, ActionOutcome.NO_RESPONSE})
"""The outcomes that are failures."""


class Frame(Record):
    """One project frame of a traceback, outermost first in a capsule.

    `file` is relative to the project's root, with forward slashes. `arguments` maps each parameter
    to Python literal source (`ast.literal_eval` reads it back), bounded and redacted; parameters
    whose value has no literal form are named in `opaque`.
    """

    file: str
    line: int = Field(ge=0)
    function: str
    module: str = ""
    arguments: dict[str, str] = Field(default_factory=dict)
    opaque: tuple[str, ...] = ()


class Capsule(Record):
    """Enough data about one failure to write a failing test and to find its cause.

    Fields that records of older versions lack are empty. Types are written as in a traceback.
    """

    exception: str
    message: str
    fingerprint: str
    frames: tuple[Frame, ...] = ()
    inputs: dict[str, str] = Field(default_factory=dict)
    kinds: tuple[str, ...] = Field(default=(), description="the exception's bases, nearest first")
    causes: tuple[str, ...] = Field(
        default=(), description="types it was wrapped in, outermost first"
    )
    libraries: tuple[str, ...] = Field(
        default=(), description="library modules that the innermost frame called: `discord.http`"
    )
    status: int | None = Field(default=None, description="the HTTP status that a server answered")
    code: str = Field(default="", description="`ENOSPC`, `SQLITE_CORRUPT`")
    deliberate: bool = Field(
        default=False, description="raised by a `raise` in our innermost frame"
    )
    audience: Audience | None = Field(
        default=None, description="who could see the action; `None` in records of older versions"
    )

    children: tuple["Capsule", ...] = Field(
        default=(), description="the different faults of an exception group, each once"
    )

    @property
    def holds_stand_ins(self) -> bool:
        """True if placeholders replace what was typed and answered."""
        return self.audience is Audience.PRIVATE

    @property
    def innermost(self) -> Frame | None:
        """The project frame closest to the error, or `None` if no frame is ours."""
        return self.frames[-1] if self.frames else None


class Request(Record):
    """What a person asked a target for, so that it can be asked again.

    `theseus_observe.records.Request` describes the fields.
    """

    way: str
    text: str = ""
    prefix: str = ""
    values: dict[str, str] = Field(default_factory=dict)
    chosen: tuple[str, ...] = ()
    focused: str = ""
    hidden: bool = False
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    owner: bool = False


class Action(Record):
    """One journal record: one action. `event` is `kind.name`; `user` is a pseudonym."""

    ts: AwareDatetime
    id: str
    event: str
    kind: Kind
    name: str
    outcome: ActionOutcome
    duration_ms: float | None = None
    cost_usd: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    agent: str | None = None
    run_id: str | None = None
    guild_id: int | None = None
    channel_id: int | None = None
    user: str | None = None
    shard: int | None = None
    commit: str | None = None
    error: Capsule | None = None
    request: Request | None = Field(
        default=None, description="what was asked of a target, as theseus_observe recorded it"
    )
    flags: dict[str, bool] = Field(
        default_factory=dict, description="the flags that were read, and whether each was on"
    )

    @property
    def called(self) -> str:
        """What people call it: `/roll`, or `!roll` if it was typed with that prefix."""
        asked = self.request
        is_typed = self.kind is Kind.COMMAND and asked is not None and asked.way == "typed"
        if asked is not None and is_typed and _PREFIX.fullmatch(asked.prefix):
            return f"{asked.prefix}{self.name}"
        return format_action_name(self.kind, self.name)


# The prefix is in the journal of another bot and is shown to people: no markup, no mention.
_PREFIX = re.compile(r"[!?.,;:$%&+=>^#/-]{1,3}|[a-z]{1,5}[!?.,;:-]")


def format_action_name(kind: str, name: str) -> str:
    """Return an action's name as people read it: `/roll`, `the task Reminders.deliver`."""
    if kind == Kind.COMMAND:
        return f"/{name}"
    return f"the menu “{name}”" if kind == Kind.CONTEXT_MENU else f"the {kind} {name}"


def format_event_name(event: str) -> str:
    """Return an event's name as people read it: `/roll` for `command.roll`."""
    kind, dot, name = event.partition(".")
    return format_action_name(kind, name) if dot else event


def get_command_name(event: str) -> str:
    """Return the command name of an event; empty if the action is not a command."""
    kind, _, name = event.partition(".")
    return name if kind == Kind.COMMAND else ""


_STOPPED = ".stopped"


def get_stop_event(loop: str) -> str:
    """Return the event that is journalled when a failure has ended a loop for good."""
    return loop + _STOPPED


def get_loop_event(event: str) -> str | None:
    """Return the event of the loop whose end this event reports, or `None`."""
    is_stop = event.startswith(f"{Kind.TASK}.") and event.endswith(_STOPPED)
    return event.removesuffix(_STOPPED) if is_stop else None


class FailureGroup(Record):
    """Failures with one fingerprint: how often, since when, and the newest record in full."""

    fingerprint: str
    event: str
    count: int = Field(ge=1)
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    newest: Action
    action_ids: tuple[str, ...] = Field(description="newest first, at most 20")

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The ids of the group's records, newest first. The newest id may occur twice."""
        return (self.newest.id, *self.action_ids)


class JournalQuery(Record):
    """A query of the journal. All conditions must hold; `None` matches everything.

    `since` and `until` are inclusive. `failed` selects the outcomes that are failures.
    """

    event: str | None = None
    kind: Kind | None = None
    failed: bool = False
    fingerprint: str | None = None
    outcome: ActionOutcome | None = None
    channel_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = Field(default=500, ge=1, le=100_000)

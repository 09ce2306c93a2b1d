"""The records that are written: one `Action` a line, with a `Capsule` if it failed.

The fields are those that Theseus reads; its own records are made from these.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar

R = TypeVar("R", bound="_Record")

OK, ERROR, TIMEOUT, CANCELLED, NO_RESPONSE = "ok", "error", "timeout", "cancelled", "no_response"
"""How an action ended."""

COMMAND, CONTEXT_MENU, COMPONENT = "command", "context_menu", "component"
LISTENER, TASK, GATEWAY = "listener", "task", "gateway"
"""The kinds of action that are recorded."""

TEAM, PRIVATE = "team", "private"
"""Who could see an action: everyone who can read where the records go, or fewer people."""


class _Record:
    def replace(self: R, **changes: Any) -> R:
        """Return a copy with these fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]


@dataclass(frozen=True)
class Frame(_Record):
    """One project frame of a traceback, outermost first in a capsule.

    `arguments` maps parameters to the source of Python literals, bounded and redacted; those
    without a literal form are named in `opaque`.
    """

    file: str
    line: int
    function: str
    module: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    opaque: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capsule(_Record):
    """Enough data about one failure to write a failing test and to find its cause."""

    exception: str
    message: str
    fingerprint: str
    frames: tuple[Frame, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    status: int | None = None
    code: str = ""
    deliberate: bool = False
    audience: str | None = None
    children: tuple[Capsule, ...] = ()


@dataclass(frozen=True)
class Request(_Record):
    """What a person asked for, in a form that can be asked again.

    `way` is `typed`, `slash`, `autocomplete`, `user_menu`, `message_menu`, `press`, `form`,
    `message`, `reaction`, `join` or `leave`. `text` is the message, the label of a component, or
    what a menu was used on. `values` are options and fields by name, as the source of literals;
    `chosen` are the values of a select menu. People are `<@u-...>`, roles `<@&name>`. What was
    private is left out, and `hidden` is true. `permissions` are those that not everyone has;
    `owner` is true for an owner of the bot or the server.
    """

    way: str
    text: str = ""
    prefix: str = ""
    values: dict[str, str] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()
    focused: str = ""
    hidden: bool = False
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    owner: bool = False


@dataclass(frozen=True)
class Action(_Record):
    """One record. `event` is `kind.name`; `user` is a pseudonym; `ts` is in UTC."""

    ts: str
    id: str
    event: str
    kind: str
    name: str
    outcome: str
    duration_ms: float | None = None
    guild_id: int | None = None
    channel_id: int | None = None
    user: str | None = None
    shard: int | None = None
    commit: str | None = None
    error: Capsule | None = None
    request: Request | None = None

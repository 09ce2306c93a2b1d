"""What the supervisor and the bot say to each other: JSON objects, one a line, over a socket.

From the bot: `prepared`, `waiting` for another process to let go of the state, `held` by one that
does not, `ready`, `heartbeat {ready}`, `restart {commit, reason, run_id, migrates, databases,
known}`, `frozen {session, logins}`, `resuming`. From the supervisor: `start {news}` or
`take_over {session, logins, news}` first; then `freeze`, `retire {at_once}`, `stop`,
`stop_everything`, `predecessor_gone`, `not_handed_over {commit, why}`, `passed` its probation.
"""

import json
from collections.abc import Mapping
from typing import Any

VARIABLE = "THESEUS_SUPERVISOR"
"""The environment variable that tells the bot its end of the socket: `7`, on a terminal `7:tty`."""

PATHS_VARIABLE = "THESEUS_PYTHONPATH"
"""The environment variable with the PYTHONPATH that the service itself was started with."""

HEARTBEAT_SECONDS = 1.0
LONGEST_LINE = 1024 * 1024
"""Bytes of one message; a longer one ends the conversation."""

Message = Mapping[str, Any]


class BadMessage(ValueError):
    """A line that is no message."""


def format_message(kind: str, **said: Any) -> bytes:
    """Return one message as a line."""
    return json.dumps({"type": kind, **said}).encode() + b"\n"


def parse_message(line: bytes) -> Message:
    """Return what a line says; `type` is always there. Raises `BadMessage`."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise BadMessage(f"not JSON: {line[:80]!r}") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadMessage(f"no object with a type: {line[:80]!r}")
    return message


def get_object(message: Message, name: str) -> Message | None:
    """Return an object that a message has under a name; `None` where it has none."""
    value = message.get(name)
    return value if isinstance(value, dict) else None

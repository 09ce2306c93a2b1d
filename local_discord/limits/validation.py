"""Which request is held to which limits, and Discord's answer to one that breaks them."""

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_discord.limits import command_rules, commands, messages
from local_discord.limits.emoji import is_emoji
from local_discord.limits.rules import IN_COMMANDS, IN_MESSAGES, IN_MODALS, Rule
from local_discord.limits.shapes import Fault, Path, Shape, form

ANSWER, UPDATE, CHOICES, MODAL = 4, 7, 8, 9  # types of interaction callbacks
FORWARD = 1
Answer = tuple[int, dict[str, Any]]
# What a message may consist of; beside them a forward has only what it points at.
_HOLDS = ("embeds", "components", "poll", "sticker_ids", "shared_client_theme")


@dataclass(frozen=True)
class BodyLimits:
    """What one kind of body is held to; `new` messages may not be empty."""

    shape: Shape
    rules: Sequence[Rule] = ()
    new: bool = False


MESSAGE = BodyLimits(messages.MESSAGE, IN_MESSAGES, new=True)
EDIT = BodyLimits(messages.MESSAGE, IN_MESSAGES)
FORM = BodyLimits(messages.MODAL, IN_MODALS)
COMMAND = BodyLimits(commands.COMMAND, IN_COMMANDS)
COMMAND_EDIT = BodyLimits(commands.COMMAND_EDIT, IN_COMMANDS)
COMMANDS = BodyLimits(commands.COMMANDS, IN_COMMANDS)
OFFERED = BodyLimits(commands.AUTOCOMPLETE)
THREAD = BodyLimits(messages.THREAD)
THREAD_EDIT = BodyLimits(messages.THREAD_EDIT)
_CALLBACKS = {ANSWER: MESSAGE, UPDATE: EDIT, CHOICES: OFFERED, MODAL: FORM}


def find_refusal(method: str, segments: Sequence[str], body: Any, files: int = 0) -> Answer | None:
    """Return Discord's answer to a request that breaks a limit; `None` for one that does not.

    `segments` are the path's parts after `/api/v10`, quoted as they came.
    """
    if segments[-1] == "@me" and "reactions" in segments and method == "PUT":
        known = is_emoji(urllib.parse.unquote(segments[-2]))
        return None if known else (400, {"message": "Unknown Emoji", "code": 10014})
    found = _find_limits(method, segments, body)
    if found is None:
        return None
    limits, held = found
    # Rules are about values of the right kind: they are asked when every value is.
    checks = [rule.check for rule in limits.rules if rule.check is not None]
    faults = list(limits.shape.find_faults(held, ())) or [
        f for check in checks for f in check(held)
    ]
    if files > messages.FILES:
        reason = f"Must be {messages.FILES} or fewer in length."
        faults.append(Fault(("files",), "BASE_TYPE_MAX_LENGTH", reason))
    if faults:
        prefix: Path = ("data",) if segments[0] == "interactions" else ()
        placed = [Fault((*prefix, *each.path), each.code, each.message) for each in faults]
        errors = form(placed)
        return 400, {"message": "Invalid Form Body", "code": 50035, "errors": errors}
    if limits is COMMANDS and (told := command_rules.find_excess(held)):
        return 400, {"message": told, "code": 30032}
    if limits.new and not files and _is_empty(held):
        return 400, {"message": "Cannot send an empty message", "code": 50006}
    return None


def _find_limits(method: str, segments: Sequence[str], body: Any) -> tuple[BodyLimits, Any] | None:
    """Return what a request's body is held to, and the part of it that is."""
    match [method, *segments]:
        case ["POST", "channels", _, "messages"] | ["POST", "webhooks", _, _]:
            return MESSAGE, body or {}
        case ["PATCH", "channels", _, "messages", _] | ["PATCH", "webhooks", _, _, "messages", _]:
            return EDIT, body or {}
        case ["POST", "interactions", _, _, "callback"]:
            kind = body.get("type") if isinstance(body, Mapping) else None
            limits = _CALLBACKS.get(kind) if isinstance(kind, int) else None
            return (limits, body.get("data") or {}) if limits else None
        case ["POST", "channels", _, *_, "threads"]:
            return THREAD, body or {}
        case ["PATCH", "channels", _]:
            return THREAD_EDIT, body or {}
        case [method, "applications", _, *rest] if "commands" in rest and method != "GET":
            return _find_command_limits(method, rest, body)
    return None


def _find_command_limits(
    method: str, rest: Sequence[str], body: Any
) -> tuple[BodyLimits, Any] | None:
    if rest[-1] == "commands":
        return (COMMANDS, body or []) if method == "PUT" else (COMMAND, body or {})
    return (COMMAND_EDIT, body or {}) if method == "PATCH" else None


def _is_empty(body: Mapping[str, Any]) -> bool:
    forwarded = (body.get("message_reference") or {}).get("type") == FORWARD
    said = str(body.get("content") or "").strip()
    return not (said or forwarded or any(body.get(key) for key in _HOLDS))

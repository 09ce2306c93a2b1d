"""Finds the limits of each request, and Discord's answer if the request breaks them."""

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_discord.limits import command_rules, commands, messages
from local_discord.limits.emoji import is_emoji
from local_discord.limits.rules import IN_COMMANDS, IN_MESSAGES, IN_MODALS, Rule
from local_discord.limits.shapes import Fault, Path, Shape, build_error_tree

ANSWER, UPDATE, CHOICES, MODAL = 4, 7, 8, 9  # types of interaction callbacks
FORWARD = 1
Answer = tuple[int, dict[str, Any]]
# A message needs text or one of these; a forward needs only its reference.
_HOLDS = ("embeds", "components", "poll", "sticker_ids", "shared_client_theme")


@dataclass(frozen=True)
class BodyLimits:
    """The limits of one kind of body; `new` messages must not be empty."""

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
    """Return Discord's answer to a request that breaks a limit; `None` if it breaks none.

    `segments` are the parts of the path after `/api/v10`, still quoted.
    """
    if segments[-1] == "@me" and "reactions" in segments and method == "PUT":
        known = is_emoji(urllib.parse.unquote(segments[-2]))
        return None if known else (400, {"message": "Unknown Emoji", "code": 10014})
    found = _find_limits(method, segments, body)
    if found is None:
        return None
    limits, part = found
    # Rules expect values of the right type, so they run only if the shape has no fault.
    checks = [rule.check for rule in limits.rules if rule.check is not None]
    faults = list(limits.shape.find_faults(part, ())) or [
        f for check in checks for f in check(part)
    ]
    if files > messages.FILES:
        reason = f"Must be {messages.FILES} or fewer in length."
        faults.append(Fault(("files",), "BASE_TYPE_MAX_LENGTH", reason))
    if faults:
        prefix: Path = ("data",) if segments[0] == "interactions" else ()
        placed = [Fault((*prefix, *each.path), each.code, each.message) for each in faults]
        errors = build_error_tree(placed)
        return 400, {"message": "Invalid Form Body", "code": 50035, "errors": errors}
    if limits is COMMANDS and (message := command_rules.find_excess(part)):
        return 400, {"message": message, "code": 30032}
    if limits.new and not files and _is_empty(part):
        return 400, {"message": "Cannot send an empty message", "code": 50006}
    return None


def _find_limits(method: str, segments: Sequence[str], body: Any) -> tuple[BodyLimits, Any] | None:
    """Return the limits of a request's body, and the part of the body that they apply to."""
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
    text = str(body.get("content") or "").strip()
    return not (text or forwarded or any(body.get(key) for key in _HOLDS))

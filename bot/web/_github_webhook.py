"""Decides what a signed delivery of GitHub's webhook asks for. Pure: headers and body in, result
out.

The delivery counts only as "someone with the secret asks us to look". Its names, commits and
addresses are not used.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from bot.web._responses import Refused
from bot.web._webhook_deliveries import CLOCK_SKEW, WINDOW

MOST_BYTES = 1_000_000


Look = Literal["", "base", "issues"]
"""What has to be looked at: nothing (`""`), the followed branch, or the issues."""

_ASKED = ("opened", "reopened", "labeled")


def parse_event(event: str, body: bytes, branch: str) -> tuple[Look, Mapping[str, Any]]:
    """Return what may have changed, and the parsed body.

    Raises `Refused` (400) if the body is not a JSON object.
    """
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the body is not JSON.") from error
    if not isinstance(sent, dict):
        raise Refused(400, "the body is not a JSON object.")
    if event == "push":
        moved = sent.get("ref") == f"refs/heads/{branch}" and sent.get("deleted") is not True
        return "base" if moved else "", sent
    if event == "pull_request":
        pull = _get_part(sent, "pull_request")
        closed = sent.get("action") == "closed" and pull.get("merged") is True
        is_our_branch = _get_part(pull, "base").get("ref") == branch
        return "base" if closed and is_our_branch else "", sent
    if event == "issues":
        return "issues" if sent.get("action") in _ASKED else "", sent
    return "", sent


def check_age(event: str, sent: Mapping[str, Any], now: datetime) -> None:
    """Raise `Refused` (403) unless the delivery contains a time within the window.

    For a push, the time at which GitHub received it (`repository.pushed_at`) is preferred to the
    time of its newest commit: that time comes from the committer's clock, and an old commit may be
    pushed today.
    """
    at = _find_time(event, sent)
    if at is None:
        raise Refused(403, "the delivery does not say when it happened.")
    if now - at > WINDOW:
        raise Refused(403, f"the event happened more than {WINDOW.days} days ago.")
    if at - now > CLOCK_SKEW:
        raise Refused(403, "the event's time is in the future; compare our clocks.")


def _find_time(event: str, sent: Mapping[str, Any]) -> datetime | None:
    if event == "pull_request":
        return _parse_time(_get_part(sent, "pull_request").get("updated_at"))
    if event == "issues":
        return _parse_time(_get_part(sent, "issue").get("updated_at"))
    pushed = _parse_time(_get_part(sent, "repository").get("pushed_at"))
    return pushed or _parse_time(_get_part(sent, "head_commit").get("timestamp"))


def _get_part(sent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = sent.get(name)
    return part if isinstance(part, dict) else {}


def _parse_time(value: object) -> datetime | None:
    """Return a time in one of GitHub's two forms: seconds since 1970, or ISO 8601 with its zone."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return at if at is not None and at.tzinfo is not None else None

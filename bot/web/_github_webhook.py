"""What a signed delivery of GitHub's webhook asks for. Pure: headers and a body in, a verdict out.

Nothing in it is believed but that somebody with the secret said: look. Names, commits and addresses
in it are not used.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from bot.web._responses import Refused
from bot.web._webhook_deliveries import CLOCK_SKEW, WINDOW

MOST_BYTES = 1_000_000


Look = Literal["", "base", "issues"]
"""What is to be looked at: nothing, the followed branch, or the issues."""

_ASKED = ("opened", "reopened", "labeled")


def parse_event(event: str, body: bytes, branch: str) -> tuple[Look, Mapping[str, Any]]:
    """Return what may have moved, and what was sent.

    Raises `Refused` (400) for what is no JSON object.
    """
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the body is not JSON.") from error
    if not isinstance(sent, dict):
        raise Refused(400, "the body is no JSON object.")
    if event == "push":
        moved = sent.get("ref") == f"refs/heads/{branch}" and sent.get("deleted") is not True
        return "base" if moved else "", sent
    if event == "pull_request":
        pull = _get_part(sent, "pull_request")
        closed = sent.get("action") == "closed" and pull.get("merged") is True
        ours = _get_part(pull, "base").get("ref") == branch
        return "base" if closed and ours else "", sent
    if event == "issues":
        return "issues" if sent.get("action") in _ASKED else "", sent
    return "", sent


def check_age(event: str, sent: Mapping[str, Any], now: datetime) -> None:
    """Raise `Refused` (403) unless what was sent tells a time of its own within the window.

    A push tells when GitHub took it (`repository.pushed_at`), which counts before the time of its
    newest commit: that is the clock of whoever made it, and an old commit may be pushed today.
    """
    at = _find_time(event, sent)
    if at is None:
        raise Refused(403, "it does not tell when it happened.")
    if now - at > WINDOW:
        raise Refused(403, f"it happened more than {WINDOW.days} days ago.")
    if at - now > CLOCK_SKEW:
        raise Refused(403, "it has not happened yet; compare our clocks.")


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
    """Return a time as GitHub writes them: seconds since 1970, or ISO 8601 with its zone."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return at if at is not None and at.tzinfo is not None else None

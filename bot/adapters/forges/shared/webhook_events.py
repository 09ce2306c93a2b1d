"""Reads what the deliveries of several forges have in common. Pure: body in, result out."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.forge_webhook import Look


def parse_event(
    event: str, sent: Mapping[str, Any], branch: str, issue_actions: Collection[str]
) -> Look:
    """Return what may have changed; `issue_actions` are those that can make an issue a request."""
    if event == "push":
        moved = sent.get("ref") == f"refs/heads/{branch}" and sent.get("deleted") is not True
        return "base" if moved else ""
    if event == "pull_request":
        pull = get_part(sent, "pull_request")
        closed = sent.get("action") == "closed" and pull.get("merged") is True
        return "base" if closed and get_part(pull, "base").get("ref") == branch else ""
    if event == "issues":
        return "issues" if sent.get("action") in issue_actions else ""
    return ""


def find_update_time(event: str, sent: Mapping[str, Any]) -> datetime | None:
    """Return when the pull request or issue of an event last changed; `None` for other events."""
    name = {"pull_request": "pull_request", "issues": "issue"}.get(event)
    return parse_time(get_part(sent, name).get("updated_at")) if name else None


def get_part(sent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object in the body, empty if it is missing."""
    part = sent.get(name)
    return part if isinstance(part, dict) else {}


def parse_time(value: object) -> datetime | None:
    """Return a time in one of two forms: seconds since 1970, or ISO 8601 with its zone."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return at if at is not None and at.tzinfo is not None else None

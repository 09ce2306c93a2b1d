"""Reads the deliveries of GitHub's webhook."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.adapters.forges.shared.webhook_events import (
    find_update_time,
    get_part,
    parse_event,
    parse_time,
)
from bot.domain.forge_webhook import ForgeWebhook, Look

_ISSUE_ACTIONS = ("opened", "reopened", "labeled")


def _parse_event(event: str, sent: Mapping[str, Any], branch: str) -> Look:
    return parse_event(event, sent, branch, _ISSUE_ACTIONS)


def _find_time(event: str, sent: Mapping[str, Any]) -> datetime | None:
    """Return when the event happened.

    For a push, the time at which GitHub received it (`repository.pushed_at`) is preferred to the
    time of its newest commit: that time comes from the committer's clock, and an old commit may be
    pushed today.
    """
    if event in ("pull_request", "issues"):
        return find_update_time(event, sent)
    pushed = parse_time(get_part(sent, "repository").get("pushed_at"))
    return pushed or parse_time(get_part(sent, "head_commit").get("timestamp"))


WEBHOOK = ForgeWebhook(
    name="github",
    signature_header="X-Hub-Signature-256",
    signature_prefix="sha256=",
    event_header="X-GitHub-Event",
    delivery_header="X-GitHub-Delivery",
    parse_event=_parse_event,
    find_time=_find_time,
)

"""Reads the deliveries of Forgejo's webhook."""

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

_ISSUE_ACTIONS = ("opened", "reopened", "label_updated")


def _parse_event(event: str, sent: Mapping[str, Any], branch: str) -> Look:
    return parse_event(event, sent, branch, _ISSUE_ACTIONS)


def _find_time(event: str, sent: Mapping[str, Any]) -> datetime | None:
    """Return when the event happened.

    A push says only when the repository last changed, perhaps before this push, and when its newest
    commit was made, which may be long ago: the later one counts.
    """
    if event in ("pull_request", "issues"):
        return find_update_time(event, sent)
    times = (
        parse_time(get_part(sent, "repository").get("updated_at")),
        parse_time(get_part(sent, "head_commit").get("timestamp")),
    )
    return max((each for each in times if each is not None), default=None)


WEBHOOK = ForgeWebhook(
    name="forgejo",
    signature_header="X-Forgejo-Signature",
    event_header="X-Forgejo-Event",
    delivery_header="X-Forgejo-Delivery",
    parse_event=_parse_event,
    find_time=_find_time,
)

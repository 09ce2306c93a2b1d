"""Interactions: commands, menus, completions, presses and forms, as Discord would not send them."""

import json
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from tests.fuzz.gateway_room import MEMBER, MESSAGE, USER, GatewayRoom
from tests.fuzz.judge import Case
from tests.fuzz.variation import Choices, vary_value

_COMMON: dict[str, Any] = {
    "id": "900", "application_id": "9", "token": "t", "version": 1, "guild_id": "1",
    "channel_id": "2", "member": MEMBER, "locale": "en-US", "guild_locale": "en-US",
    "app_permissions": "8", "entitlements": [], "context": 0, "attachment_size_limit": 1_000,
    "authorizing_integration_owners": {"0": "1"},
    "channel": {"id": "2", "type": 0, "name": "general", "permissions": "8"},
}  # fmt: skip
_OPTIONS = [
    {"name": "show", "type": 1, "options": [
        {"name": "dice", "type": 3, "value": "2d6", "focused": True},
        {"name": "who", "type": 6, "value": "5"}, {"name": "where", "type": 7, "value": "2"},
        {"name": "file", "type": 11, "value": "8"}, {"name": "n", "type": 10, "value": 1.5}]},
]  # fmt: skip
_RESOLVED = {"users": {"5": USER}, "members": {"5": MEMBER}, "roles": {}, "messages": {"100": MESSAGE},
             "channels": {"2": _COMMON["channel"]},
             "attachments": {"8": {"id": "8", "filename": "a.png", "size": 3, "url": "http://x",
                                   "proxy_url": "http://x"}}}  # fmt: skip
SEEDS: tuple[dict[str, Any], ...] = (
    {**_COMMON, "type": 2, "data": {"id": "7", "name": "runs", "type": 1, "options": _OPTIONS,
                                    "resolved": _RESOLVED}},
    {**_COMMON, "type": 4, "data": {"id": "7", "name": "runs", "type": 1, "options": _OPTIONS}},
    {**_COMMON, "type": 2, "data": {"id": "7", "name": "Report", "type": 3, "target_id": "100",
                                    "resolved": _RESOLVED}},
    {**_COMMON, "type": 3, "message": MESSAGE, "data": {"custom_id": "dice:again:5",
                                                        "component_type": 2}},
    {**_COMMON, "type": 3, "message": MESSAGE, "data": {"custom_id": "pick", "component_type": 5,
                                                        "values": ["5"], "resolved": _RESOLVED}},
    {**_COMMON, "type": 5, "data": {"custom_id": "form:1", "components": [
        {"type": 1, "components": [{"type": 4, "custom_id": "why", "value": "because"}]},
        {"type": 18, "component": {"type": 3, "custom_id": "kind", "values": ["a"]}}]}},
    {**_COMMON, "type": 2, "guild_id": None, "member": None, "user": USER,
     "data": {"id": "7", "name": "roll", "type": 1}},
)  # fmt: skip


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: an interaction, varied."""
    room = stack.enter_context(closing(GatewayRoom(folder)))

    def receive(data: bytes) -> None:
        choices = Choices(data)
        payload = vary_value(choices.choose(SEEDS), choices)
        room.handle("INTERACTION_CREATE", json.loads(json.dumps(payload)))

    return receive

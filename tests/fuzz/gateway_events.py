"""Events of the gateway, except interactions: one that cannot be read costs itself alone."""

import json
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from tests.fuzz.gateway_room import GUILD, MEMBER, MESSAGE, USER, GatewayRoom
from tests.fuzz.judge import Case
from tests.fuzz.variation import STRANGE, Choices, vary_value

_REACTION = {"user_id": "5", "channel_id": "2", "message_id": "100", "guild_id": "1", "type": 0,
             "emoji": {"id": None, "name": "👍"}, "member": MEMBER, "burst": False}  # fmt: skip
_THREAD = {**GUILD["channels"][0], "id": "77", "type": 11, "guild_id": "1", "parent_id": "2",
           "owner_id": "5", "message_count": 0, "member_count": 1, "rate_limit_per_user": 0,
           "thread_metadata": {"archived": False, "auto_archive_duration": 60, "locked": False,
                               "archive_timestamp": "2026-11-26T20:00:00+00:00"}}  # fmt: skip
EVENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("MESSAGE_CREATE", MESSAGE),
    ("MESSAGE_CREATE", {**MESSAGE, "guild_id": None, "member": None, "channel_id": "3"}),
    ("MESSAGE_CREATE", {**MESSAGE, "id": "101", "type": 19, "referenced_message": MESSAGE}),
    ("MESSAGE_UPDATE", MESSAGE),
    ("MESSAGE_DELETE", {"id": "100", "channel_id": "2", "guild_id": "1"}),
    ("MESSAGE_DELETE_BULK", {"ids": ["100"], "channel_id": "2", "guild_id": "1"}),
    ("MESSAGE_REACTION_ADD", _REACTION),
    ("MESSAGE_REACTION_REMOVE", _REACTION),
    ("CHANNEL_UPDATE", {**GUILD["channels"][0], "guild_id": "1"}),
    ("THREAD_CREATE", _THREAD),
    ("THREAD_UPDATE", _THREAD),
    ("THREAD_DELETE", {"id": "77", "guild_id": "1", "parent_id": "2", "type": 11}),
    ("GUILD_MEMBER_UPDATE", {**MEMBER, "guild_id": "1"}),
    ("GUILD_MEMBER_ADD", {**MEMBER, "guild_id": "1", "user": {**USER, "id": "6"}}),
    ("GUILD_MEMBER_REMOVE", {"guild_id": "1", "user": {**USER, "id": "6"}}),
    ("GUILD_ROLE_UPDATE", {"guild_id": "1", "role": GUILD["roles"][0]}),
    ("PRESENCE_UPDATE", {"user": {"id": "5"}, "guild_id": "1", "status": "idle", "activities": [],
                         "client_status": {}}),
    ("TYPING_START", {"channel_id": "2", "guild_id": "1", "user_id": "5", "timestamp": 1,
                      "member": MEMBER}),
    ("VOICE_STATE_UPDATE", {"guild_id": "1", "channel_id": None, "user_id": "5", "session_id": "x",
                            "deaf": False, "mute": False, "self_deaf": False, "self_mute": False,
                            "suppress": False, "self_video": False,
                            "request_to_speak_timestamp": None}),
    ("GUILD_UPDATE", GUILD),
)  # fmt: skip


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: an event of a kind, varied; sometimes no object at all."""
    room = stack.enter_context(closing(GatewayRoom(folder)))

    def receive(data: bytes) -> None:
        choices = Choices(data)
        event, seed = choices.choose(EVENTS)
        payload = vary_value(seed, choices)
        if choices.take_number(32) == 31:
            payload = choices.choose(STRANGE)
        room.handle(event, json.loads(json.dumps(payload)))

    return receive

"""Keys that Discord's objects always have, and keys that are absent rather than null.

simcord writes only what discord.py reads; Discord's API description requires more. The kind of an
object is recognised by keys that only this kind has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class ObjectKeys:
    """One kind of object.

    `known_by` are the keys that identify it, `always` the keys it needs with their defaults,
    `never_null` the keys that are absent instead of null.
    """

    known_by: frozenset[str]
    always: Mapping[str, Any] = field(default_factory=dict)
    never_null: tuple[str, ...] = ()


def _split_keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


USER = ObjectKeys(_split_keys("username discriminator"), {"primary_guild": None})
MEMBER = ObjectKeys(
    _split_keys("joined_at roles"),
    {"banner": None, "avatar": None, "communication_disabled_until": None},
)
CHANNEL = ObjectKeys(_split_keys("permission_overwrites"), {"flags": 0})
PRIVATE_CHANNEL = ObjectKeys(_split_keys("recipients type"), {"flags": 0})
MESSAGE = ObjectKeys(_split_keys("author attachments channel_id"), never_null=("nonce",))
ATTACHMENT = ObjectKeys(_split_keys("filename proxy_url"), never_null=("description",))
COMMAND = ObjectKeys(
    _split_keys("version default_member_permissions"), never_null=("integration_types",)
)
RESPONSE = ObjectKeys(_split_keys("response_message_loading"), never_null=("response_message_id",))
GUILD = ObjectKeys(
    _split_keys("owner_id verification_level"),
    {
        "home_header": None,
        "region": "us-west",
        "widget_enabled": False,
        "widget_channel_id": None,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "safety_alerts_channel_id": None,
        "nsfw": False,
        "nsfw_level": 0,
        "incidents_data": None,
    },
)
OBJECTS = (USER, MEMBER, CHANNEL, PRIVATE_CHANNEL, MESSAGE, ATTACHMENT, COMMAND, RESPONSE, GUILD)

# Further keys of an application object; its bot is private and has no interactions endpoint.
APPLICATION: Mapping[str, Any] = {
    "type": None,
    "redirect_uris": [],
    "interactions_endpoint_url": None,
    "role_connections_verification_url": None,
    "approximate_guild_count": 1,
    "approximate_user_install_count": 0,
    "approximate_user_authorization_count": 0,
    "explicit_content_filter": 0,
    "eligible_oauth2_scopes": [],
}


def complete_object(node: dict[str, Any]) -> None:
    """Add missing keys to an object and remove nulls, according to its kind."""
    _remove_null_id(node)
    for kind in _find_kinds(tuple(node)):
        for key, value in kind.always.items():
            node.setdefault(key, value)
        for key in kind.never_null:
            if node.get(key, ...) is None:
                del node[key]


@lru_cache(maxsize=512)  # a few dozen kinds of objects, each in a few forms
def _find_kinds(keys: tuple[str, ...]) -> tuple[ObjectKeys, ...]:
    """Return the kinds of an object with these keys."""
    return tuple(kind for kind in OBJECTS if kind.known_by <= set(keys))


def _remove_null_id(node: dict[str, Any]) -> None:
    """Remove the null id of a Unicode emoji in a button or an option."""
    emoji = node.get("emoji")
    if not isinstance(emoji, dict) or not {"label", "style"} & node.keys():
        return
    if emoji.get("id", ...) is None:
        del emoji["id"]

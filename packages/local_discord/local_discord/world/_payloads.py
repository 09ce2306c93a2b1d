"""Adds what simcord's serializers omit, so that payloads are as Discord sends them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from simcord.backend import Backend, serializers
from simcord.backend.models import Message

from local_discord.world._object_keys import complete_object

HAS_THREAD = 1 << 5
THREAD_CREATED = 18
_EMBED_MEDIA = ("image", "thumbnail", "video")
_EMBED_ICONS = ("author", "footer")

_LEAVES = frozenset({str, int, bool, type(None)})

_original_message_payload = serializers.message_payload


def _build_payload(backend: Any, message: Message, *, for_user: int | None = None) -> Any:
    """Serialize a message with one level of referenced message, as Discord does.

    simcord nests the complete chain of replies: a long chain makes every payload larger and finally
    exceeds Python's recursion limit.
    """
    reference = message.reference
    if reference is None or reference.get("type", 0) != 0:
        return _original_message_payload(backend, message, for_user=for_user)
    # simcord does not follow a forward (type 1), so pretend to be one; restore the type afterwards.
    bare = dataclasses.replace(message, reference={**reference, "type": 1})
    payload: dict[str, Any] = dict(_original_message_payload(backend, bare, for_user=for_user))
    payload["message_reference"] = dict(reference)
    place = int(reference.get("channel_id", message.channel_id))
    target = backend.messages.get(place, {}).get(int(reference["message_id"]))
    payload["referenced_message"] = None
    if target is not None:
        bare = dataclasses.replace(target, reference=None)
        nested: dict[str, Any] = dict(_original_message_payload(backend, bare, for_user=for_user))
        if target.reference is not None:
            nested["message_reference"] = dict(target.reference)
        payload["referenced_message"] = nested
    return payload


serializers.message_payload = _build_payload


def complete_payload(node: Any, backend: Backend, *, viewer: int | None) -> Any:
    """Return a copy of a payload with every object inside it completed.

    `viewer` is the person for whom a reaction's `me` is set. `None` stands for the page, which also
    gets `users`, the ids of everyone who reacted.
    """
    if type(node) in _LEAVES:
        return node
    if isinstance(node, Mapping):
        # Nearly all values are leaves, and a call for each would take most of the time.
        copied = {
            key: value
            if type(value) in _LEAVES
            else complete_payload(value, backend, viewer=viewer)
            for key, value in node.items()
        }
        if "author" in copied and "attachments" in copied and "channel_id" in copied:
            _complete_message(copied, backend, viewer)
        if copied.get("managed") and "hoist" in copied:
            copied["tags"] = {"bot_id": str(backend.bot_user.id)}  # the only role of that kind
        complete_object(copied)
        return copied
    if isinstance(node, list | tuple):
        return [complete_payload(value, backend, viewer=viewer) for value in node]
    return node


def build_message_object(
    backend: Backend, message: Message, *, viewer: int | None
) -> dict[str, Any]:
    """Return a message as Discord's object, for a person (`viewer`) or the page (`None`)."""
    payload: dict[str, Any] = complete_payload(
        serializers.message_payload(backend, message), backend, viewer=None
    )
    return personalize(payload, viewer)


def personalize(node: dict[str, Any], viewer: int | None) -> dict[str, Any]:
    """Set each reaction's `me` for one person; return a copy if there is a reaction."""
    if viewer is None or not node.get("reactions"):
        return node
    reactions = [
        {**reaction, "me": str(viewer) in reaction.get("users", ())}
        for reaction in node["reactions"]
    ]
    return {**node, "reactions": reactions}


def _complete_message(payload: dict[str, Any], backend: Backend, viewer: int | None) -> None:
    message = backend.messages.get(int(payload["channel_id"]), {}).get(int(payload["id"]))
    if message is not None:
        payload["nonce"] = message.__dict__.get("nonce")
        _complete_reactions(payload, message, viewer)
        started = message.system_metadata.channel_id if message.system_metadata else None
        if message.type == THREAD_CREATED and started is not None:
            place = {"channel_id": str(started), "guild_id": payload.get("guild_id")}
            payload["message_reference"] = {"type": 0, **place}
    thread = backend.channels.get(int(payload["id"]))
    if thread is not None and thread.is_thread:
        payload["flags"] = int(payload.get("flags", 0)) | HAS_THREAD
        payload["thread"] = dict(serializers.thread_payload(backend, thread))
    if payload.get("interaction_metadata"):
        payload["application_id"] = payload["webhook_id"] = str(backend.application_id)
    urls = {f"attachment://{item['filename']}": item["url"] for item in payload["attachments"]}
    for embed in payload.get("embeds") or ():
        _point_embed(embed, urls)


def _complete_reactions(payload: dict[str, Any], message: Message, viewer: int | None) -> None:
    reactions = [reaction for reaction in message.reactions if reaction.user_ids]
    for shown, reaction in zip(payload.get("reactions") or (), reactions, strict=False):
        shown["me"] = viewer in reaction.user_ids
        if viewer is None:
            shown["users"] = [str(user_id) for user_id in reaction.user_ids]


def _point_embed(embed: dict[str, Any], urls: dict[str, str]) -> None:
    """Replace `attachment://name` in an embed by the address of the message's own file."""
    for key in _EMBED_MEDIA:
        media = embed.get(key)
        if isinstance(media, dict) and media.get("url") in urls:
            media["url"] = media["proxy_url"] = urls[media["url"]]
    for key in _EMBED_ICONS:
        part = embed.get(key)
        if isinstance(part, dict) and part.get("icon_url") in urls:
            part["icon_url"] = urls[part["icon_url"]]

"""What a bot with given intents may see of an event."""

import copy
from typing import Any

import discord
from simcord import intents as rules
from simcord.backend import Backend

PRIVILEGED = rules.PRIVILEGED_INTENTS


def parse_intents(value: int) -> discord.Intents:
    """Intents from the number a bot sends in IDENTIFY."""
    intents = discord.Intents.none()
    intents.value = value
    return intents


def filter_event(
    event: str, payload: dict[str, Any], intents: discord.Intents, backend: Backend
) -> dict[str, Any] | None:
    """Return the payload as this bot receives it, None when it does not receive it."""
    needed = rules.required_intent(event, payload)
    if needed is not None and not getattr(intents, needed):
        return None
    if event == "GUILD_CREATE":
        payload = dict(payload)
        rules.prune_guild_create(payload, intents, backend.bot_user.id)
        payload["threads"] = [
            thread for thread in payload["threads"] if not thread["thread_metadata"]["archived"]
        ]
    if not intents.message_content:
        payload = copy.deepcopy(payload)
        _censor(event, payload, backend)
    return payload


def _censor(event: str, payload: dict[str, Any], backend: Backend) -> None:
    bot_id = backend.bot_user.id
    if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        rules.censor_message(payload, bot_id, backend=backend)
    if event != "INTERACTION_CREATE":
        return
    # A component's own message and a context menu's target are always readable.
    if isinstance(payload.get("message"), dict):
        rules.censor_message(payload["message"], bot_id, backend=backend, exempt_root=True)
    asked = payload.get("data") or {}
    for message_id, message in ((asked.get("resolved") or {}).get("messages") or {}).items():
        chosen = str(asked.get("target_id")) == str(message_id)
        rules.censor_message(message, bot_id, backend=backend, exempt_root=chosen)

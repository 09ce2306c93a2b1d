"""Filters events by the intents of a bot."""

import copy
from typing import Any

import discord
from simcord import intents as rules
from simcord.backend import Backend

PRIVILEGED = rules.PRIVILEGED_INTENTS


def parse_intents(value: int) -> discord.Intents:
    """Return the intents for the number that a bot sends in IDENTIFY."""
    intents = discord.Intents.none()
    intents.value = value
    return intents


def filter_event(
    event: str, payload: dict[str, Any], intents: discord.Intents, backend: Backend
) -> dict[str, Any] | None:
    """Return the payload as a bot with these intents receives it, or `None` if it does not."""
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
    # A bot may always read the message of a component and the target of a context menu.
    if isinstance(payload.get("message"), dict):
        rules.censor_message(payload["message"], bot_id, backend=backend, exempt_root=True)
    data = payload.get("data") or {}
    for message_id, message in ((data.get("resolved") or {}).get("messages") or {}).items():
        chosen = str(data.get("target_id")) == str(message_id)
        rules.censor_message(message, bot_id, backend=backend, exempt_root=chosen)

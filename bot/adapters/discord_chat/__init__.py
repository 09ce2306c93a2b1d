"""The chat and roster doors on Discord: a durable outbox, paced edits, who is there."""

from bot.adapters.discord_chat._chat import DiscordChat
from bot.adapters.discord_chat._roster import DiscordRoster

__all__ = ["DiscordChat", "DiscordRoster"]

"""The chat door on Discord: a durable outbox, paced edits, Discord's limits."""

from bot.adapters.discord_chat._chat import DiscordChat

__all__ = ["DiscordChat"]

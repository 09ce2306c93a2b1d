"""The chat and the member directory on Discord: a durable outbox, paced edits, who is there."""

from bot.adapters.discord_chat._chat import DiscordChat
from bot.adapters.discord_chat._member_directory import DiscordMemberDirectory

__all__ = ["DiscordChat", "DiscordMemberDirectory"]

"""Discord's chat and member directory: a durable outbox, paced edits, and members with roles."""

from bot.adapters.discord_chat._chat import DiscordChat
from bot.adapters.discord_chat._member_directory import DiscordMemberDirectory
from bot.adapters.discord_chat._report_pictures import DiscordReportPictures

__all__ = ["DiscordChat", "DiscordMemberDirectory", "DiscordReportPictures"]

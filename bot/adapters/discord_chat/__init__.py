"""Discord's chat, member directory and login: a durable outbox, paced edits, members with roles."""

from bot.adapters.discord_chat._chat import DiscordChat
from bot.adapters.discord_chat._login import DISCORD_API, DiscordLogin
from bot.adapters.discord_chat._member_directory import DiscordMemberDirectory
from bot.adapters.discord_chat._presence import DiscordPresence
from bot.adapters.discord_chat._report_pictures import DiscordReportPictures

__all__ = [
    "DISCORD_API",
    "DiscordChat",
    "DiscordLogin",
    "DiscordMemberDirectory",
    "DiscordPresence",
    "DiscordReportPictures",
]

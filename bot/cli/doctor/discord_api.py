"""Asks Discord about the bot: its user, its servers and its permissions."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from bot.cli.doctor.discord_shapes import DiscordUser, validate_answer
from bot.domain.errors import ChatUnavailable
from bot.infra.service_client import Service, ServiceAnswer, open_service
from bot.settings import Environment

PORTAL = "https://discord.com/developers/applications"
_DISCORD = "https://discord.com/api/v10"
_INVITE = "https://discord.com/oauth2/authorize"
# Bits of an application's flags: the intent of a bot in more than 100 servers, and of a small one.
INTENTS = {
    "Server Members": (1 << 14) | (1 << 15),
    "Message Content": (1 << 18) | (1 << 19),
}
# What the bot needs in its dev channel, by the names Discord shows.
NEEDED = {
    "View Channel": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Add Reactions": 1 << 6,
    "Create Public Threads": 1 << 35,
    "Send Messages in Threads": 1 << 38,
}
_ADMINISTRATOR = 1 << 3
TEXT_CHANNEL = 0
_TEAM_OWNER = "owner_user_id"

Fields = Mapping[str, Any]


def address(environment: Environment) -> str:
    """Return the API's address."""
    return str(environment.theseus_discord_api_url or _DISCORD).rstrip("/")


@asynccontextmanager
async def open_discord(token: str, base: str) -> AsyncIterator[Service]:
    """Yield Discord's API with a bot's token; its requests raise `ChatUnavailable`."""
    async with open_service(base, {"Authorization": f"Bot {token}"}, ChatUnavailable) as api:
        yield api


async def get_own_user(api: Service) -> ServiceAnswer:
    """Return the bot's own user, or the answer 401 if the token is refused.

    Raises `ChatUnavailable` for any other answer.
    """
    me = await api.ask("/users/@me")
    if me.status != 401:
        validate_answer(me, DiscordUser, "who the bot is")
    return me


def list_disabled_intents(application: Fields) -> list[str]:
    """Return the names of the required privileged intents that are off."""
    flags = int(application.get("flags") or 0)
    return [name for name, bits in INTENTS.items() if not flags & bits]


def build_invite_link(application: Fields, guild_id: str | None = None) -> str:
    """Return the invite link with exactly the permissions that the bot needs."""
    asked = {
        "client_id": str(application["id"]),
        "scope": "bot applications.commands",
        "permissions": str(sum(NEEDED.values())),
    }
    if guild_id is not None:
        asked["guild_id"] = guild_id
    return f"{_INVITE}?{urlencode(asked)}"


def get_owner_id(application: Fields) -> str | None:
    """Return the id of the person who owns the application, directly or through a team."""
    team = application.get("team")
    if isinstance(team, dict) and team.get(_TEAM_OWNER):
        return str(team[_TEAM_OWNER])
    owner = application.get("owner")
    return str(owner["id"]) if isinstance(owner, dict) and owner.get("id") else None


def compute_permissions(guild: Fields, member: Fields, channel: Fields) -> int:
    """Return a member's permission bits in a channel, as Discord's documentation computes them."""
    mine = {str(guild.get("id")), *map(str, member.get("roles", ()))}
    bits = 0
    for role in guild.get("roles", ()):
        if str(role["id"]) in mine:
            bits |= int(role["permissions"])
    if bits & _ADMINISTRATOR:
        return ~0
    overwrites = {str(item["id"]): item for item in channel.get("permission_overwrites", ())}
    everyone = overwrites.get(str(guild.get("id")))
    if everyone:
        bits = bits & ~int(everyone["deny"]) | int(everyone["allow"])
    roles = [item for key, item in overwrites.items() if key in mine and item is not everyone]
    for item in roles:
        bits &= ~int(item["deny"])
    for item in roles:
        bits |= int(item["allow"])
    own = overwrites.get(str(member.get("user", {}).get("id")))
    if own:
        bits = bits & ~int(own["deny"]) | int(own["allow"])
    return bits


def list_missing_permissions(guild: Fields, member: Fields, channel: Fields) -> list[str]:
    """Return the names of the required permissions that the bot lacks in a channel."""
    allowed = compute_permissions(guild, member, channel)
    return [name for name, bit in NEEDED.items() if not allowed & bit]


def list_text_channels(channels: Sequence[Fields]) -> list[Fields]:
    """Return the text channels in the order Discord shows them."""
    texts = [each for each in channels if each.get("type") == TEXT_CHANNEL]
    return sorted(texts, key=lambda each: (int(each.get("position") or 0), int(each["id"])))

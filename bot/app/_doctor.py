"""`theseus doctor`: looks at everything the bot needs, and says how to mend what is wrong."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import aiohttp

from bot.adapters.git_checkout import GitCheckout
from bot.adapters.sandbox import choose_sandbox, probe
from bot.adapters.system_clock import SystemClock
from bot.app._bot import open_forge
from bot.domain.errors import TheseusError
from bot.domain.record import Record
from bot.settings import Settings

Status = Literal["good", "note", "bad"]

_DISCORD = "https://discord.com/api/v10"
_LEAST_FREE_GB = 2.0
_FLAG_MEMBERS = (1 << 14) | (1 << 15)
_FLAG_CONTENT = (1 << 18) | (1 << 19)
_NEEDED = {
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


class Finding(Record):
    """One thing looked at. `mend` says what to do about it, where something is to be done."""

    name: str
    status: Status
    message: str
    mend: str = ""

    @property
    def line(self) -> str:
        """Return it as one line for a terminal."""
        mark = {"good": "ok  ", "note": "note", "bad": "BAD "}[self.status]
        return f"{mark} {self.name}: {self.message}" + (
            f"\n     -> {self.mend}" if self.mend else ""
        )


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


async def examine(settings: Settings, *, free: Callable[[Path], int] = _free) -> list[Finding]:
    """Return what was found, in the order a newcomer would set things up.

    `free` tells how many bytes are free where a folder is.
    """
    looks: list[Callable[[Settings], Awaitable[list[Finding]]]] = [
        _python, _git, _people, _discord, _forge, _sandbox, _model, partial(_disk, free=free),
    ]  # fmt: skip
    return [finding for look in looks for finding in await look(settings)]


async def _python(settings: Settings) -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    return [Finding(name="python", status="good", message=f"{version} at {sys.executable}")]


async def _git(settings: Settings) -> list[Finding]:
    if shutil.which("git") is None:
        return [_bad("git", "not installed", "Install git with your package manager.")]
    try:
        head = await GitCheckout(settings.root).head()
    except TheseusError as error:
        mend = f"Run the bot from a git clone; {settings.root} is not one."
        return [_bad("git", str(error), mend)]
    return [Finding(name="git", status="good", message=f"{settings.root} stands at {head[:10]}")]


async def _people(settings: Settings) -> list[Finding]:
    people, file = settings.config.people, settings.config_file
    findings = []
    for name, listed in (("developers", people.developers), ("approvers", people.approvers)):
        count = len(listed.users) + len(listed.roles)
        if count:
            message = f"{len(listed.users)} users, {len(listed.roles)} roles"
            findings.append(Finding(name=f"people.{name}", status="good", message=message))
        else:
            findings.append(
                _bad(
                    f"people.{name}",
                    "empty: nobody may do this",
                    f"Add user or role ids to people.{name} in {file}.",
                )
            )
    return findings


async def _discord(settings: Settings) -> list[Finding]:
    token = settings.environment.discord_token
    if token is None:
        mend = f"Put DISCORD_TOKEN into {settings.root / '.env'} (see .env.example)."
        return [_bad("discord token", "DISCORD_TOKEN is not set", mend)]
    base = str(settings.environment.theseus_discord_api_url or _DISCORD).rstrip("/")
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    timeout = aiohttp.ClientTimeout(total=15)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
            status, me = await _get(http, f"{base}/users/@me")
            if status != 200:
                mend = "Copy a new token from the Bot page of the Developer Portal into .env."
                return [_bad("discord token", f"Discord answers {status}", mend)]
            good = Finding(name="discord token", status="good", message=f"bot {me['username']}")
            return [good, await _intents(http, base), await _channel(http, base, me, settings)]
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        mend = "Check the network, and THESEUS_DISCORD_API_URL if you set it."
        return [_bad("discord", f"{base} cannot be reached ({error})", mend)]


async def _intents(http: aiohttp.ClientSession, base: str) -> Finding:
    _, application = await _get(http, f"{base}/oauth2/applications/@me")
    flags = int(application.get("flags") or 0)
    missing = [
        name
        for name, bits in (("Server Members", _FLAG_MEMBERS), ("Message Content", _FLAG_CONTENT))
        if not flags & bits
    ]
    if missing:
        mend = "Turn them on under Privileged Gateway Intents on the Bot page of the portal."
        return _bad("discord intents", f"{' and '.join(missing)} intent is off", mend)
    return Finding(name="discord intents", status="good", message="members and message content")


async def _channel(
    http: aiohttp.ClientSession, base: str, me: dict[str, Any], settings: Settings
) -> Finding:
    channel_id = settings.config.discord.dev_channel_id
    if channel_id is None:
        mend = f"Set discord.dev_channel_id in {settings.config_file}."
        return _bad("dev channel", "not set", mend)
    status, channel = await _get(http, f"{base}/channels/{channel_id}")
    if status != 200:
        mend = "Invite the bot to the server, and let it see the channel."
        return _bad("dev channel", f"{channel_id}: Discord answers {status}", mend)
    guild_id = channel.get("guild_id")
    _, guild = await _get(http, f"{base}/guilds/{guild_id}")
    _, member = await _get(http, f"{base}/guilds/{guild_id}/members/{me['id']}")
    allowed = permissions(guild, member, channel)
    missing = [name for name, bit in _NEEDED.items() if not allowed & bit]
    if missing:
        mend = f"Give the bot's role these permissions in #{channel.get('name')}."
        return _bad("dev channel", f"missing: {', '.join(missing)}", mend)
    return Finding(name="dev channel", status="good", message=f"#{channel.get('name')}")


def permissions(guild: dict[str, Any], member: dict[str, Any], channel: dict[str, Any]) -> int:
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


async def _forge(settings: Settings) -> list[Finding]:
    try:
        async with await open_forge(settings, SystemClock()) as forge:
            return [Finding(name="forge", status="good", message=await forge.ready())]
    except (TheseusError, OSError) as error:
        return [_bad("forge", str(error), f"See forge in {settings.config_file}.")]


async def _sandbox(settings: Settings) -> list[Finding]:
    config = settings.config.sandbox
    sandbox = await choose_sandbox(config.kind, required=config.required)
    reason = None if config.kind == "none" else await probe()
    if reason is None and config.kind != "none":
        return [Finding(name="sandbox", status="good", message=sandbox.description)]
    if config.kind == "none" or not config.required:
        mend = "Install bubblewrap and set sandbox.kind: auto for real confinement."
        return [Finding(name="sandbox", status="note", message=sandbox.description, mend=mend)]
    mend = "Install bubblewrap, or set sandbox.required: false to run checks unconfined."
    return [_bad("sandbox", reason or "unavailable", mend)]


async def _model(settings: Settings) -> list[Finding]:
    if settings.environment.anthropic_api_key is None:
        message = "no ANTHROPIC_API_KEY: the offline engine writes fixes"
    else:
        message = "ANTHROPIC_API_KEY is set; this version has the offline engine only"
    return [Finding(name="model", status="note", message=message)]


async def _disk(settings: Settings, free: Callable[[Path], int]) -> list[Finding]:
    try:
        settings.state.mkdir(parents=True, exist_ok=True)
        gigabytes = await asyncio.to_thread(free, settings.state) / 1e9
    except OSError as error:
        mend = "Let the bot's account write there, or set THESEUS_STATE to another folder."
        return [_bad("disk", f"{settings.state} cannot be used ({error.strerror})", mend)]
    if gigabytes < _LEAST_FREE_GB:
        mend = f"Make room: {_LEAST_FREE_GB:.0f} GB are the least, or set THESEUS_STATE."
        return [_bad("disk", f"{gigabytes:.1f} GB free in {settings.state}", mend)]
    return [Finding(name="disk", status="good", message=f"{gigabytes:.0f} GB free")]


async def _get(http: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, Any]]:
    async with http.get(url) as answer:
        content = await answer.json(content_type=None)
        return answer.status, content if isinstance(content, dict) else {}


def _bad(name: str, message: str, mend: str) -> Finding:
    return Finding(name=name, status="bad", message=message, mend=mend)

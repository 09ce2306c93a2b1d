"""Telling Discord the commands: once at the start, and again when a reload changed them."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.domain.errors import ConfigError
from bot.ports.clock import Clock

RETRIES = (5.0, 30.0, 120.0, 600.0, 3600.0)
"""Seconds to wait after Discord did not take the commands; the last for ever."""

_WAIT_SECONDS = 30.0  # seconds the start waits for Discord: the rest of the bot works without
_DROPS = 5  # commands left out one after the other, in one go
_FAILED = (discord.DiscordException, aiohttp.ClientError, OSError)  # a time-out is an `OSError`
_log = structlog.stdlib.get_logger(__name__)

Payload = dict[str, Any]
Tell = Callable[[str | None], Awaitable[None]]


class CommandSync:
    """Keeps the commands that Discord shows equal to those of the loaded cogs.

    With a guild, the commands are registered there, where changes show at once, and in `others`;
    otherwise globally.
    A command that Discord refuses is left out, so that the others work. `trouble` describes what
    Discord does not show, and `tell` is awaited whenever it changes.
    """

    def __init__(
        self,
        tree: app_commands.CommandTree[Any],
        guild_id: int | None,
        clock: Clock,
        tell: Tell,
        others: Collection[int] = (),
    ) -> None:
        self.trouble: str | None = None
        self._tree = tree
        self._guild = discord.Object(guild_id) if guild_id else None
        self._guilds = [discord.Object(each) for each in (guild_id, *others) if guild_id and each]
        self._clock = clock
        self._tell = tell
        self._last_synced: str | None = None
        self._retrying: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    def has_changed(self) -> bool:
        """Return whether the commands differ from those that Discord has."""
        return _as_text(self._present()) != self._last_synced

    async def begin(self) -> None:
        """Register the commands with Discord; after a failure, go on and retry in the background.

        Raises `ConfigError` if the bot may not add commands to the server.
        """
        with suppress(*_FAILED):  # `sync` reports the failure and schedules the retry
            await self.sync()

    async def close(self) -> None:
        """Stop trying; again is harmless."""
        if self._retrying is not None:
            self._retrying.cancel()
            # `wait` instead of `await`: the task ends with a `CancelledError` that is not ours.
            await asyncio.wait({self._retrying})

    async def sync(self) -> None:
        """Register changed commands with Discord; after a failure, retry in the background.

        Raises `ConfigError` if the bot may not add commands, and the original error if Discord
        fails or names no command in its refusal.
        """
        async with self._one_at_a_time:
            present = self._present()
            if _as_text(present) == self._last_synced:
                return
            try:
                async with asyncio.timeout(_WAIT_SECONDS):
                    refused = await self._send(present)
            except discord.Forbidden as error:
                raise ConfigError(
                    "discord.guild_id: Theseus may not add commands to "
                    f"{self._describe_target()}. Is the id "
                    "right? Invite the bot there with the scopes `bot` and `applications.commands`."
                ) from error
            except _FAILED as error:
                await self._note(f"Discord did not take the commands ({_describe_error(error)}).")
                # A reload during an outage must not add a second loop; the running one sends the
                # newest.
                if self._retrying is None or self._retrying.done():
                    self._retrying = asyncio.create_task(self._retry(), name="commands")
                raise
            self._last_synced = _as_text(present)
            await self._note(_describe_refused(refused))

    async def _send(self, wanted: list[Payload]) -> dict[str, str]:
        """Send the commands, without those Discord refuses by name; return these, and why."""
        refused: dict[str, str] = {}
        for _ in range(_DROPS):
            try:
                await self._put(wanted)
            except discord.HTTPException as error:
                faulty = _find_faulty(error, wanted)
                if not faulty:
                    raise
                refused |= {_name(wanted[number]): why for number, why in faulty.items()}
                wanted = [each for number, each in enumerate(wanted) if number not in faulty]
            else:
                return refused
        await self._put(wanted)
        return refused

    async def _put(self, wanted: list[Payload]) -> None:
        http, application_id = self._tree.client.http, self._tree.client.application_id
        if application_id is None:
            raise app_commands.MissingApplicationID
        if self._guild is None:
            await http.bulk_upsert_global_commands(application_id, payload=wanted)
        for guild in self._guilds:
            await http.bulk_upsert_guild_commands(application_id, guild.id, payload=wanted)

    async def _retry(self) -> None:
        for attempt in itertools.count():
            await self._clock.sleep(RETRIES[min(attempt, len(RETRIES) - 1)])
            if not self.has_changed():
                # Synced in the meantime, or only commands that Discord refuses are missing; those
                # need a change of their cog.
                return
            try:
                await self.sync()
            except (*_FAILED, ConfigError) as error:
                _log.info("the commands are told later: %s", _describe_error(error))

    async def _note(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            await self._tell(trouble)

    def _describe_target(self) -> str:
        names = ", ".join(str(guild.id) for guild in self._guilds)
        return f"the server {names}" if names else "its servers"

    def _present(self) -> list[Payload]:
        """Return the commands as Discord gets them, in an order that does not depend on reloads."""
        for guild in self._guilds:
            self._tree.copy_global_to(guild=guild)
        payloads = [
            command.to_dict(self._tree) for command in self._tree.get_commands(guild=self._guild)
        ]
        return sorted(payloads, key=_as_line)


def _as_line(command: Payload) -> str:
    return json.dumps(command, sort_keys=True, default=str)


def _as_text(commands: list[Payload]) -> str:
    return "\n".join(map(_as_line, commands))


def _find_faulty(error: discord.HTTPException, sent: list[Payload]) -> dict[int, str]:
    """Return which of the commands a refusal names, by their place in what was sent, and why.

    Discord answers with the path of each fault: `{"errors": {"3": {"description": ...}}}`.
    """
    # discord.py keeps the paths here alone, and only where the answer was an object.
    errors = getattr(error, "_errors", None) if error.status == 400 else None
    found = {}
    for place, fault in (errors or {}).items():
        if place.isdecimal() and int(place) < len(sent):
            found[int(place)] = "; ".join(_list_messages(fault))[:200] or "no reason given"
    return found


def _list_messages(fault: object, path: str = "") -> list[str]:
    """Return every message in a fault, each after its path: `options.0.name: Too long`."""
    if isinstance(fault, list):
        messages = [str(each.get("message", "")) for each in fault if isinstance(each, dict)]
        return [f"{path}: {text}" if path else text for text in messages]
    if not isinstance(fault, dict):
        return []
    inner = [
        _list_messages(each, path if key == "_errors" else f"{path}.{key}".lstrip("."))
        for key, each in fault.items()
    ]
    return [message for messages in inner for message in messages]


def _name(command: Payload) -> str:
    menu = command.get("type", 1) != 1
    return f"“{command['name']}”" if menu else f"`/{command['name']}`"


def _describe_refused(refused: dict[str, str]) -> str | None:
    if not refused:
        return None
    refusals = ", ".join(f"{name} ({why})" for name, why in sorted(refused.items()))
    return f"Discord refuses {refusals}; its other commands work."


def _describe_error(error: BaseException) -> str:
    if isinstance(error, discord.HTTPException):
        return f"it answered {error.status}" + (f": {error.text[:200]}" if error.text else "")
    if isinstance(error, TimeoutError):
        return f"no answer within {_WAIT_SECONDS:.0f} s"
    return f"{type(error).__name__}: {error}"

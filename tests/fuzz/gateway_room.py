"""The real client without a connection: events are passed to it as by the gateway."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp

from bot.client import Identity, TheseusClient
from bot.domain.guilds import AllowLists
from bot.domain.journal import Action
from bot.domain.people import AllowList
from bot.telemetry import Recorder, TrafficRecorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_traffic import FakeSnapshots, FakeTraffic

_CALLERS = ("read", "_parse", "_call", "_check_interaction", "_check_message", "_find_command")
_ROUNDS = 12  # of the event loop, for the handlers of an event
_PATIENCE = 15 * 60.0  # seconds: an interaction cannot be answered for longer
ROOT = Path(__file__).parents[2]
USER: dict[str, Any] = {"id": "5", "username": "alice", "discriminator": "0", "avatar": None,
                        "global_name": "Alice"}  # fmt: skip
ME = {**USER, "id": "9", "username": "theseus", "bot": True}
MEMBER: dict[str, Any] = {"user": USER, "roles": ["1"], "joined_at": "2026-01-01T00:00:00+00:00",
                          "deaf": False, "mute": False, "flags": 0, "permissions": "8"}  # fmt: skip
GUILD: dict[str, Any] = {
    "id": "1", "name": "Home", "owner_id": "5", "member_count": 2, "features": [], "emojis": [],
    "roles": [{"id": "1", "name": "@everyone", "permissions": "8", "position": 0, "color": 0,
               "hoist": False, "managed": False, "mentionable": False, "flags": 0}],
    "channels": [{"id": "2", "type": 0, "name": "general", "position": 0, "permission_overwrites": [],
                  "nsfw": False, "parent_id": None, "topic": None, "last_message_id": None}],
    "threads": [], "members": [MEMBER, {**MEMBER, "user": ME}], "presences": [], "voice_states": [],
    "stickers": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
    "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0,
    "mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "preferred_locale": "en-US", "icon": None,
    "system_channel_id": None, "afk_channel_id": None, "afk_timeout": 60, "splash": None,
    "system_channel_flags": 0, "large": False, "unavailable": False, "banner": None,
    "description": None, "vanity_url_code": None, "joined_at": "2026-01-01T00:00:00+00:00",
}  # fmt: skip
MESSAGE: dict[str, Any] = {
    "id": "100", "channel_id": "2", "guild_id": "1", "author": USER, "member": MEMBER, "type": 0,
    "content": "<@9> /roll crashes", "timestamp": "2026-11-26T20:00:00.000000+00:00",
    "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [ME],
    "mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "flags": 0,
    "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Again",
                                               "custom_id": "dice:again:5"}]}],
    "referenced_message": None, "nonce": "1",
}  # fmt: skip


class Unreachable(aiohttp.BaseConnector):
    """Refuses every connection: answers to strange events get lost, as where Discord is down."""

    async def connect(self, *args: Any, **options: Any) -> aiohttp.connector.Connection:
        """Refuse it."""
        raise ConnectionRefusedError("Discord is down")


class GatewayRoom:
    """A client with one guild. `handle` passes it an event; `journal` has what it recorded."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.journal, self.clock = FakeJournal(), FakeClock()
        self.traffic_log = FakeTraffic()
        self._errors: list[BaseException] = []
        self.loop.run_until_complete(self._open(folder))

    async def _open(self, folder: Path) -> None:
        recorder = Recorder(self.journal, self.clock, ROOT, b"salt", lambda: "abc1234")
        self.traffic = TrafficRecorder(
            self.traffic_log, FakeSnapshots(self.clock), self.clock, b"s" * 32, lambda: None
        )
        self.client = TheseusClient(
            root=folder, state=folder / "state", clock=self.clock, recorder=recorder,
            identity=Identity(guild_id=1, dev_channel_id=2, people=AllowLists(AllowList())),
            traffic=self.traffic,
        )  # fmt: skip
        await self.client._async_setup_hook()
        http = self.client.http
        http._global_over = asyncio.Event()
        http._global_over.set()
        self._session = aiohttp.ClientSession(connector=Unreachable())
        http._HTTPClient__session = self._session  # type: ignore[attr-defined]
        self.client.task_watch.attach()
        self.loop.set_exception_handler(self._note)
        self.parsers = self.client._connection.parsers
        self._greet()
        await asyncio.sleep(0)

    def _note(self, loop: asyncio.AbstractEventLoop, about: dict[str, Any]) -> None:
        error = about.get("exception")
        if error is not None and not isinstance(error, OSError):
            self._errors.append(error)

    def _greet(self) -> None:
        self.parsers["READY"]({"user": ME, "guilds": [], "application": {"id": "9", "flags": 0},
                               "session_id": "s", "resume_gateway_url": "ws://x"})  # fmt: skip
        self.parsers["GUILD_CREATE"](json.loads(json.dumps(GUILD)))

    def handle(self, event: str, payload: Any) -> list[tuple[str, str]]:
        """Pass an event; return the failures that were recorded, each with its exception's name.

        Raises `AssertionError` where code of ours has failed.
        """
        self.loop.run_until_complete(self._handle(event, payload))
        actions, self.journal.actions[:] = list(self.journal.actions), []
        self.traffic_log.records.clear()
        if self._errors:
            raise self._errors.pop()
        for action in actions:
            if _is_ours(action):
                raise AssertionError(f"{action.name}: {action.error}")
        return [(each.name, each.error.exception) for each in actions if each.error is not None]

    def close(self) -> None:
        """End what the client has started, and the loop."""
        self.loop.run_until_complete(self._close())
        self.loop.close()

    async def _close(self) -> None:
        await self._session.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _handle(self, event: str, payload: Any) -> None:
        self.parsers[event](payload)
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
        # Nothing waits for a response any more, so what is still in use has leaked.
        await self.clock.advance(_PATIENCE)
        await self.traffic.write(flush=True)


def _is_ours(action: Action) -> bool:
    """Return whether code of the bot itself has failed, not discord.py, which it calls to parse."""
    frames = action.error.frames if action.error is not None else ()
    return bool(frames) and frames[-1].function.rpartition(".")[2] not in _CALLERS

"""The event log for the page and for tests: numbered, bounded, and streamed."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from local_discord.world import World

MAX_EVENTS = 5_000
_QUIET_SECONDS = 15.0  # between comment lines, which stop proxies and browsers from disconnecting


@dataclass(frozen=True)
class Event:
    """One event; `only_for` is the id of the only person who may see it, or `None`."""

    id: int
    name: str
    data: dict[str, Any]
    only_for: int | None = None


class EventLog:
    """The newest events, and a signal for readers that wait for more."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        # Ids grow across restarts, so an id of an earlier start is recognised as too old.
        self._last = time.time_ns() // 1_000_000
        self._bell = asyncio.Event()
        self.closed = False

    @property
    def last_id(self) -> int:
        """The id of the newest event."""
        return self._last

    def add(self, name: str, data: dict[str, Any], only_for: int | None = None) -> None:
        """Number and store one event, and wake the readers."""
        self._last += 1
        self._events.append(Event(self._last, name, {"type": name, **data}, only_for))
        self._wake_readers()

    def restart(self) -> None:
        """Drop all events and make every reader load everything again."""
        self._events.clear()
        self.add("reset", {})

    def close(self) -> None:
        """End every stream."""
        self.closed = True
        self._wake_readers()

    def _wake_readers(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()

    def has(self, after: int) -> bool:
        """Return whether every event after this id is still stored."""
        oldest = self._events[0].id if self._events else self._last + 1
        return oldest - 1 <= after <= self._last

    async def follow(self, after: int) -> AsyncIterator[Event | None]:
        """Yield every event after an id, and `None` after a while without events.

        End when the log closes, or when the reader is so slow that it missed an event.
        """
        while not self.closed and self.has(after):
            bell = self._bell
            behind = self._last - after
            for event in list(self._events)[len(self._events) - behind :] if behind else ():
                yield event
                after = event.id
            if behind or self.closed:
                continue
            try:
                async with asyncio.timeout(_QUIET_SECONDS):
                    await bell.wait()
            except TimeoutError:
                yield None


class EventRecorder:
    """Converts events of the virtual Discord into events of the log."""

    def __init__(self, world: World, log: EventLog) -> None:
        self._world = world
        self._log = log
        world.backend.people.append(self._record)

    def _record(self, event: str, payload: dict[str, Any]) -> None:
        match event:
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                data = {"channel_id": payload["channel_id"], "message": payload}
                data |= self._count_messages(payload["channel_id"])
                self._log.add(event.lower(), data, _find_only_reader(payload))
            case "MESSAGE_DELETE":
                self._record_deletion(
                    payload["channel_id"], [payload["id"]], payload.get("only_for")
                )
            case "MESSAGE_DELETE_BULK":
                self._record_deletion(payload["channel_id"], payload["ids"], None)
            case "THREAD_CREATE" | "THREAD_UPDATE":
                thread = self._world.show_channel(self._world.backend.channels[int(payload["id"])])
                data = {"channel_id": payload["parent_id"], "thread": thread}
                self._log.add(event.lower(), data)
            case "THREAD_DELETE":
                data = {"channel_id": payload["parent_id"], "thread_id": payload["id"]}
                self._log.add("thread_delete", data)
            case "GUILD_MEMBER_ADD":
                user = self._world.backend.users[int(payload["user"]["id"])]
                channel = self._world.show_channel(self._world.lookup.get_dm(user))
                self._log.add(
                    "member_add", {"user": self._world.show_member(user), "channel": channel}
                )
            case "GUILD_MEMBER_REMOVE":
                self._log.add("member_remove", {"user_id": payload["user"]["id"]})
            case "TYPING_START":
                keys = ("channel_id", "user_id")
                self._log.add("typing", {key: payload[key] for key in keys})
            case _ if event.startswith("MESSAGE_REACTION_"):
                self._record_reaction(event, payload)

    def _record_deletion(
        self, channel_id: str, message_ids: list[str], only_for: str | None
    ) -> None:
        for message_id in message_ids:
            data = {"channel_id": channel_id, "message_id": message_id}
            self._log.add(
                "message_delete",
                data | self._count_messages(channel_id),
                int(only_for) if only_for else None,
            )

    def _count_messages(self, channel_id: str) -> dict[str, Any]:
        channel = self._world.backend.channels.get(int(channel_id))
        if channel is None or not channel.is_thread:
            return {}
        return {"message_count": channel.message_count}

    def _record_reaction(self, event: str, payload: dict[str, Any]) -> None:
        messages = self._world.backend.messages.get(int(payload["channel_id"]), {})
        message = self._world.show_message(messages[int(payload["message_id"])])
        data = {"channel_id": payload["channel_id"], "message_id": payload["message_id"]}
        if event == "MESSAGE_REACTION_ADD":
            name = "reaction_add"
        elif event == "MESSAGE_REACTION_REMOVE":
            name = "reaction_remove"
        else:  # all reactions, or all of one emoji, were removed: send the message itself
            self._log.add("message_update", {"channel_id": data["channel_id"], "message": message})
            return
        who = {"user_id": payload["user_id"], "emoji": payload["emoji"]}
        self._log.add(name, {**data, **who, "message": message})


def _find_only_reader(message: dict[str, Any]) -> int | None:
    """Return the id of the only person who sees an ephemeral message, else `None`."""
    if not message.get("flags", 0) & 64:  # the flag of ephemeral messages
        return None
    metadata = message.get("interaction_metadata") or {}
    return int((metadata.get("user") or {}).get("id", 0))


class EventStream:
    """Serves `GET /local/events`."""

    def __init__(self, world: World, log: EventLog) -> None:
        self.online = False
        self._world = world
        self._log = log

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Stream events until the reader disconnects or the server stops."""
        query = request.query
        viewer = self._world.lookup.find_person(query["user"]).id if query.get("user") else None
        place = (
            self._world.lookup.find_channel(query["channel"]).id if query.get("channel") else None
        )
        last_id = request.headers.get("Last-Event-ID") or query.get("last_event_id")
        after, lost = self._start(last_id)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        if lost:
            await response.write(self._format_line(Event(after, "reset", {"type": "reset"}), None))
        hello = {"type": "hello", "last_event_id": self._log.last_id, "bot_online": self.online}
        await response.write(self._format_line(Event(after, "hello", hello), None))
        try:
            async for event in self._log.follow(after):
                if event is None:
                    await response.write(b": quiet\n\n")
                elif self._is_visible(event, viewer, place):
                    await response.write(self._format_line(event, viewer))
        except ConnectionError:
            pass
        return response

    def _start(self, last_id: str | None) -> tuple[int, bool]:
        """Return the event id to continue after, and whether events were lost."""
        if not last_id:
            return self._log.last_id, False
        known = last_id.isascii() and last_id.isdecimal() and self._log.has(int(last_id))
        return (int(last_id), False) if known else (self._log.last_id, True)

    def _is_visible(self, event: Event, viewer: int | None, place: int | None) -> bool:
        if event.only_for is not None and event.only_for != viewer:
            return False
        if place is None or "channel_id" not in event.data:
            return True
        channel_id = int(event.data["channel_id"])
        channel = self._world.backend.channels.get(channel_id)
        return channel_id == place or (channel is not None and channel.parent_id == place)

    def _format_line(self, event: Event, viewer: int | None) -> bytes:
        data = event.data
        if data.get("message"):
            data = {**data, "message": self._world.personalize(data["message"], viewer)}
        text = json.dumps(data)
        return f"id: {event.id}\nevent: {event.name}\ndata: {text}\n\n".encode()

"""A simulated user of a local Discord, for tests and for the demo's self-check."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp

Message = dict[str, Any]
Predicate = Callable[[Message], bool]

_SHOWS_MESSAGE = ("message_create", "message_update", "reaction_add", "reaction_remove")


class PersonRefusedError(Exception):
    """The server answered with an error: `status` and its message."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


class Person:
    """A person in a local Discord; an async context manager.

    Channels are names or ids; messages are ids or message objects. The `wait_...` methods follow
    `/local/events`. They raise `TimeoutError` after a time limit in seconds; its message lists the
    messages that arrived.
    """

    def __init__(self, base_url: str, name: str) -> None:
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection pool."""
        if self._http is not None:
            await self._http.close()

    @property
    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("use a Person with `async with`")
        return self._http

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request to the person side. Raises `PersonRefusedError` for 4xx and 5xx."""
        async with self._client.request(method, self._base_url + path, json=body) as response:
            answer = await response.json(content_type=None)
            if response.status >= 400:
                raise PersonRefusedError(response.status, str(answer.get("error", answer)))
            return answer

    async def _act(self, method: str, path: str, channel: str, **body: Any) -> Any:
        return await self.call(method, path, {"user": self.name, "channel": channel, **body})

    # ------------------------------------------------------------------- acting

    async def say(
        self,
        channel: str,
        content: str,
        *,
        reply_to: Message | str | None = None,
        attachments: Sequence[Mapping[str, str]] = (),
    ) -> Message:
        """Post a message."""
        body = {"content": content, "reply_to": reply_to, "attachments": list(attachments)}
        return dict(await self._act("POST", "/local/messages", channel, **body))

    async def forward(self, channel: str, message: Message) -> Message:
        """Forward a message to a channel."""
        source = {"channel": message["channel_id"], "message": message["id"]}
        return dict(await self._act("POST", "/local/messages", channel, forward=source))

    async def edit(self, channel: str, message: Message | str, content: str) -> Message:
        """Edit the person's own message."""
        body = {"message": message, "content": content}
        return dict(await self._act("PATCH", "/local/messages", channel, **body))

    async def delete(self, channel: str, message: Message | str) -> None:
        """Delete the person's own message."""
        await self._act("DELETE", "/local/messages", channel, message=message)

    async def react(
        self, channel: str, message: Message | str, emoji: str, *, remove: bool = False
    ) -> Message:
        """Add or remove a reaction."""
        body = {"message": message, "emoji": emoji, "remove": remove}
        return dict(await self._act("POST", "/local/reactions", channel, **body))

    async def run(self, channel: str, command: str, **options: Any) -> dict[str, Any]:
        """Run a slash command; return the outcome (see REFERENCE.md)."""
        return await self.interact(channel, command=command, options=options or None)

    async def use_menu(self, channel: str, name: str, message: Message | str) -> dict[str, Any]:
        """Use a context menu on a message."""
        return await self.interact(channel, command=name, message=message)

    async def press(
        self,
        channel: str,
        custom_id: str,
        message: Message | str | None = None,
        values: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Press a button or choose from a select menu.

        Without `message`, use the newest message that has the component.
        """
        body = {"component": custom_id, "message": message, "values": list(values)}
        return await self.interact(channel, **body)

    async def submit(
        self, channel: str, custom_id: str, fields: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Submit a modal that was opened for this person."""
        return await self.interact(channel, modal={"custom_id": custom_id, "fields": dict(fields)})

    async def interact(self, channel: str, **body: Any) -> dict[str, Any]:
        """Send `POST /local/interactions` with these fields."""
        return dict(await self._act("POST", "/local/interactions", channel, **body))

    # ------------------------------------------------------------------ reading

    async def get_world(self) -> dict[str, Any]:
        """Return the answer of `GET /local/world`."""
        return dict(await self.call("GET", "/local/world"))

    async def list_messages(self, channel: str, after: str = "") -> list[Message]:
        """Return the messages of a channel that this person sees, oldest first.

        With `after`, the id of a message, only later ones.
        """
        path = f"/local/channels/{_quote(channel)}/messages?user={_quote(self.name)}"
        return list(await self.call("GET", f"{path}&after={after}" if after else path))

    async def list_threads(self, channel: str) -> list[dict[str, Any]]:
        """Return the channel's threads, oldest first."""
        return list(await self.call("GET", f"/local/channels/{_quote(channel)}/threads"))

    async def stream_events(self, after: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """Yield events from now on, or after an event id."""
        path = f"/local/events?user={_quote(self.name)}"
        if after is not None:
            path += f"&last_event_id={after}"
        async with self._client.get(self._base_url + path) as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    # ------------------------------------------------------------------ waiting

    async def wait_for(
        self,
        channel: str,
        wanted: Predicate,
        timeout: float = 15.0,  # noqa: ASYNC109 - the error's message lists the messages seen
        after: str = "",
    ) -> Message:
        """Return the first message of a channel for which `wanted` is true, in its state at that
        time.

        With `after`, the id of a message, earlier ones are not looked at: in a long channel that is
        much quicker.
        """
        seen: list[Message] = []
        try:
            async with asyncio.timeout(timeout):
                return await self._watch(channel, wanted, seen, after)
        except TimeoutError:
            texts = "; ".join(f"{m['author']['username']}: {m['content']!r}" for m in seen[-8:])
            raise TimeoutError(
                f"{timeout} s passed without that message in {channel}; there were: {texts}"
            ) from None

    async def _watch(
        self, channel: str, wanted: Predicate, seen: list[Message], after: str
    ) -> Message:
        last_event = (await self.get_world())["last_event_id"]
        for message in await self.list_messages(channel, after):
            seen.append(message)
            if wanted(message):
                return message
        channel_id = await self._find_channel_id(channel)
        async for event in self.stream_events(last_event):
            if event["type"] not in _SHOWS_MESSAGE or event["channel_id"] != channel_id:
                continue
            if after and int(event["message"]["id"]) <= int(after):
                continue
            seen.append(event["message"])
            if wanted(event["message"]):
                return dict(event["message"])
        raise ConnectionError("the local Discord ended the stream of events")

    async def wait_for_thread(
        self,
        channel: str,
        wanted: Callable[[dict[str, Any]], bool] = lambda _thread: True,
        timeout: float = 15.0,  # noqa: ASYNC109 - as in wait_for
    ) -> dict[str, Any]:
        """Return the first thread of a channel for which `wanted` is true."""
        async with asyncio.timeout(timeout):
            after = (await self.get_world())["last_event_id"]
            for thread in await self.list_threads(channel):
                if wanted(thread):
                    return thread
            channel_id = await self._find_channel_id(channel)
            async for event in self.stream_events(after):
                changed = event.get("thread")
                if changed and event["channel_id"] == channel_id and wanted(changed):
                    return dict(changed)
        raise ConnectionError("the local Discord ended the stream of events")

    async def wait_for_bot(self, timeout: float = 15.0) -> None:  # noqa: ASYNC109 - as above
        """Wait until a bot is online."""
        async with asyncio.timeout(timeout):
            async for event in self.stream_events():
                if event.get("bot_online"):
                    return

    async def _find_channel_id(self, channel: str) -> str:
        if str(channel).isdecimal():
            return str(channel)
        # An empty list of messages does not contain the channel's id, so look it up in the world.
        name = channel.removeprefix("#").casefold()
        for each in (await self.get_world())["channels"]:
            if each["name"].casefold() == name:
                return str(each["id"])
        raise PersonRefusedError(404, f"channel: there is no {channel!r}")


def _quote(name: str) -> str:
    return str(name).replace("%", "%25").replace("#", "%23").replace("/", "%2F").replace(" ", "%20")

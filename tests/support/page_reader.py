"""Reads runs as a person on the page: threads, cards, final messages; and checks the wording."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local_discord.person import Message, Person

# Internal names that no person should see, and numbers that do not agree with their nouns. The
# values of a call may be None, and so may what a guard looks for.
UNSPEAKABLE = re.compile(
    r"(?<!=)(?<!is )\bNone\b|<(?:bot|class|object)\b"
    r"|\b(?:Stage|Status|Act|Intent|Outcome|Kind|Recovery)\.[A-Z]"
    r"|\b1 (?:failures|errors|checks|rounds|edits|tests|files|runs)\b"
    r"|\b(?!1\b)\d+ (?:failure|check|round|edit|run)\b|\{\w+\}"
)

_THINKING = 128


def iterate_texts(message: Message) -> Iterator[str]:
    """Yield everything people read in a message, without code and quotes of code."""
    yield message["content"]
    for embed in message["embeds"]:
        yield from (embed.get("title") or "", embed.get("description") or "")
        yield (embed.get("footer") or {}).get("text") or ""
        for field in embed.get("fields", []):
            yield from (field["name"], field["value"])


def get_text(message: Message) -> str:
    """Return everything people read in a message."""
    return "\n".join(iterate_texts(message))


def get_buttons(message: Message) -> dict[str, str]:
    """Return a message's buttons, label to custom id."""
    rows = message.get("components") or []
    return {
        item["label"]: item["custom_id"]
        for row in rows
        for item in row.get("components", ())
        if "custom_id" in item
    }


def is_proposal(message: Message) -> bool:
    """Return whether the message is a card with a proposal."""
    return "Ship it" in get_buttons(message)


def is_from_bot(message: Message) -> bool:
    """Return whether the bot posted it; the opening entries of threads do not count."""
    return bool(message["author"].get("bot")) and message["type"] in (0, 19, 20, 23)


def is_end(message: Message) -> bool:
    """Return whether it is the final message of a run that did not ship."""
    return is_from_bot(message) and message["content"].startswith(("❌", "⏹️", "☣️"))


class PageReader:
    """One person, and what they can see."""

    def __init__(self, person: Person) -> None:
        self.person = person

    async def wait_for_thread(self, root: Message, timeout: float = 20) -> str:  # noqa: ASYNC109
        """Wait for the thread on a message; return its id."""
        found = await self.person.wait_for_thread(
            "dev", lambda thread: thread["message_id"] == root["id"], timeout=timeout
        )
        return str(found["id"])

    async def ask(self, text: str, channel: str = "dev") -> str:
        """Say it and return the id of the thread that opens on it."""
        return await self.wait_for_thread(await self.person.say(channel, text))

    async def wait_for_proposal(
        self,
        thread: str,
        beyond: str = "0",
        timeout: float = 90,  # noqa: ASYNC109
    ) -> Message:
        """Wait for a proposal card newer than the message `beyond`."""
        found = await self.person.wait_for(
            thread,
            lambda m: is_proposal(m) or is_end(m),
            timeout,
            after=beyond,
        )
        assert is_proposal(found), get_text(found)
        return found

    async def wait_for_text(self, thread: str, text: str, timeout: float = 60) -> Message:  # noqa: ASYNC109
        """Wait until the bot posts a message with this text."""
        return await self.person.wait_for(
            thread, lambda m: is_from_bot(m) and text in get_text(m), timeout
        )

    async def wait_until_live(self, thread: str, timeout: float = 120) -> Message:  # noqa: ASYNC109
        """Wait until it is live."""
        return await self.person.wait_for(
            thread, lambda m: is_from_bot(m) and "live at" in m["content"].lower(), timeout
        )

    async def wait_for_end(self, thread: str, timeout: float = 90) -> Message:  # noqa: ASYNC109
        """Wait for the final message of a run that does not ship."""
        return await self.person.wait_for(thread, is_end, timeout)

    async def answer(self, channel: str, done: Mapping[str, Any]) -> str:
        """Return what an interaction is answered with in the end."""
        if done["result"] == "failed":
            return str(done["error"])
        return str((await self.wait_for_answer(channel, done["message"]))["content"])

    async def wait_for_answer(self, channel: str, message: Message) -> Message:
        """Return the message of an answer once it is no longer "thinking ..."."""
        return await self.person.wait_for(
            channel,
            lambda m: m["id"] == message["id"] and not m["flags"] & _THINKING,
            20,
            after=str(int(message["id"]) - 1),
        )

    async def press(self, channel: str, message: Message, label: str) -> str:
        """Press a button; return the answer."""
        done = await self.person.press(channel, get_buttons(message)[label], message["id"])
        return await self.answer(channel, done)

    async def run(self, channel: str, command: str, **options: Any) -> str:
        """Run a command; return the answer."""
        return await self.answer(channel, await self.person.run(channel, command, **options))

    async def wait_for_reply(self, channel: str, message: Message, timeout: float = 20) -> str:  # noqa: ASYNC109
        """Wait for the bot's reply to a message; return its text."""
        found = await self.person.wait_for(
            channel,
            lambda m: (
                is_from_bot(m)
                and (m.get("message_reference") or {}).get("message_id") == message["id"]
            ),
            timeout,
            after=message["id"],
        )
        return get_text(found)

    async def read_transcript(self) -> dict[str, list[Message]]:
        """Return the bot's messages in every channel and thread, oldest first."""
        world = await self.person.get_world()
        return {
            channel["id"]: [
                m for m in await self.person.list_messages(channel["id"]) if is_from_bot(m)
            ]
            for channel in world["channels"]
            if channel["type"] != 1 or channel["name"] == f"@{self.person.name}"
        }

    async def check_wording(self) -> None:
        """Check that no message was repeated, and that all texts are readable for people."""
        for channel, messages in (await self.read_transcript()).items():
            said = [_build_identity(message) for message in messages]
            assert len(said) == len(set(said)), f"said twice in {channel}: {said}"
            for message in messages:
                plain = re.sub(r"```.*?```|`[^`]*`|“[^”]*”", "…", get_text(message), flags=re.S)
                odd = UNSPEAKABLE.search(plain)
                assert odd is None, f"{odd and odd[0]!r} in {plain!r}"


def _build_identity(message: Message) -> tuple[Any, ...]:
    """Return what makes two messages the same to a reader; answers to different ones differ."""
    answered = (message.get("message_reference") or {}).get("message_id")
    asked = (message.get("interaction_metadata") or {}).get("id")
    return (get_text(message), answered, asked)

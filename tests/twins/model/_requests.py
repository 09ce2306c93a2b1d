"""What was asked of the scripted model, and how tests look at it."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Json = dict[str, object]

MARKER = re.compile(r"You are the (\w+) of Theseus\b")
FOLDER = re.compile(r"[Ww]orking directory: (.+)")
SOMEONE = "someone"


@dataclass(frozen=True)
class Result:
    """What one tool call returned to the model."""

    id: str
    tool: str
    failed: bool
    text: str


@dataclass
class Request:
    """One `POST /v1/messages`. `aside`: the program's own small question, no turn of the story."""

    number: int
    body: Mapping[str, object]
    headers: Mapping[str, str]
    aside: str = ""
    answered: bool = field(default=False)  # the complete answer was sent
    abandoned: bool = field(default=False)  # the client disconnected before that
    finished: asyncio.Event = field(default_factory=asyncio.Event, repr=False)  # one or the other

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model", ""))

    @property
    def conversation(self) -> str:
        """The id of the request's conversation; empty if it is unknown."""
        return self.headers.get("X-Claude-Code-Session-Id", "")

    @property
    def system(self) -> str:
        """The system prompt, and what the program adds to it between the messages."""
        between = (m.get("content") for m in self.messages if m.get("role") == "system")
        return "\n".join(
            [
                *_list_texts(self.body.get("system")),
                *(t for each in between for t in _list_texts(each)),
            ]
        )

    @property
    def messages(self) -> list[Json]:
        """The conversation so far, oldest first."""
        found = self.body.get("messages")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @property
    def who(self) -> str:
        """The role that the system prompt states, or `someone`."""
        stated = MARKER.search(self.system)
        return stated.group(1).lower() if stated else SOMEONE

    @property
    def cwd(self) -> str | None:
        """The folder the program says it works in."""
        stated = FOLDER.findall(self.system) or FOLDER.findall(self.text)
        return stated[-1].strip() if stated else None

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools it offers."""
        offered = self.body.get("tools")
        rows = offered if isinstance(offered, list) else []
        return tuple(str(row.get("name")) for row in rows if isinstance(row, dict))

    @property
    def prompt(self) -> str:
        """The text of a person's last message, without tool results."""
        for message in reversed(self.messages):
            words = "\n".join(_list_texts(message.get("content")))
            if message.get("role") == "user" and words:
                return words
        return ""

    @property
    def text(self) -> str:
        """All readable text: system prompt, messages, calls and results."""
        said = (t for m in self.messages for t in _iterate_strings(m.get("content")))
        return "\n".join([*_list_texts(self.body.get("system")), *said])

    @property
    def results(self) -> list[Result]:
        """The results of tools so far, oldest first."""
        tools: dict[str, str] = {}
        found = []
        for block in self._iterate_blocks():
            if block.get("type") == "tool_use":
                tools[str(block.get("id"))] = str(block.get("name"))
            elif block.get("type") == "tool_result":
                call = str(block.get("tool_use_id"))
                text = "\n".join(_list_texts(block.get("content")))
                found.append(Result(call, tools.get(call, ""), bool(block.get("is_error")), text))
        return found

    def _iterate_blocks(self) -> Iterator[Json]:
        for message in self.messages:
            content = message.get("content")
            if isinstance(content, list):
                yield from (block for block in content if isinstance(block, dict))


def _list_texts(content: object) -> list[str]:
    """Return the texts of a content: a string, or a list with text blocks."""
    if isinstance(content, str):
        return [content]
    blocks = content if isinstance(content, list) else []
    return [str(b["text"]) for b in blocks if isinstance(b, dict) and b.get("type") == "text"]


def _iterate_strings(content: object) -> Iterator[str]:
    """Return every string anywhere in a content but types and ids."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for each in content:
            yield from _iterate_strings(each)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key not in ("type", "id", "tool_use_id", "signature", "cache_control"):
                yield from _iterate_strings(value)

"""Messages of a channel: who wrote them, what the bot answered, and how much is stored."""

import re
from typing import NamedTuple

from pydantic import AwareDatetime
from theseus_guard.record import Record

from bot.domain.names import Name

LONGEST = 6_000
"""The maximum number of characters stored of one message."""
MESSAGE = 1_900
"""The maximum length of a chat message; leaves room to close a code block that was cut."""
CHAT = "chat:"
"""Prefix of the names of chronicles; the channel's id follows."""
_FENCE = re.compile(r"^\s*```(\S*)", re.MULTILINE)
_QUESTION = "❓"  # a run's question begins with it; chat answers must not look like one
_NAME = re.compile(r"^# +(.+?) *$", re.MULTILINE)


class ChatLine(Record):
    """One message. `message_id` is the person's message; with `ours` it is the message we answered.

    `by_id` is the person's id in both cases; lines stored by older versions lack it.
    """

    message_id: int
    by: Name
    by_id: int | None = None
    text: str
    at: AwareDatetime
    ours: bool = False


class Chronicle(Record):
    """The last messages to the bot in one channel and its answers, oldest first."""

    channel_id: int | None = None
    lines: tuple[ChatLine, ...] = ()

    def find_answer(self, message_id: int) -> ChatLine | None:
        """Return our answer to that message, or `None`."""
        found = (line for line in self.lines if line.ours and line.message_id == message_id)
        return next(found, None)

    def append(self, *lines: ChatLine, most: int) -> "Chronicle":
        """Return the chronicle with these lines at its end, cut to its last `most` lines.

        At least two lines are stored, so that the last answer can be shown again after a crash.
        """
        kept = tuple(line.replace(text=limit_length(line.text)) for line in lines)
        return self.replace(lines=(*self.lines, *kept)[-max(most, 2) :])

    def remove_person(self, person_id: int) -> "Chronicle":
        """Return the chronicle without that person's messages and the answers to them."""
        return self.replace(lines=tuple(line for line in self.lines if line.by_id != person_id))


class Cut(NamedTuple):
    """A text in two parts: what fits into one message, and the rest."""

    first: str
    rest: str


def limit_length(text: str) -> str:
    """Return the text cut to the length that is stored and shown."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def strip_question_mark(text: str) -> str:
    """Return a model's text without a leading ❓, so that it cannot look like a run's question."""
    return text.strip().lstrip(_QUESTION).strip()


def cut(text: str, limit: int = MESSAGE) -> Cut:
    """Split a text that is too long for one message at the best place.

    A paragraph or line break is preferred to a space. A code block that is split is closed in the
    first part and opened again in the second.
    """
    if len(text) <= limit:
        return Cut(text, "")
    at = max(
        (
            place
            for mark in ("\n\n", "\n", " ")
            if (place := text.rfind(mark, limit // 2, limit)) > 0
        ),
        key=lambda place: (text[place] == "\n", place),
        default=limit,
    )
    first, rest = text[:at].rstrip(), text[at:].strip("\n")
    fences = _FENCE.findall(first)
    if len(fences) % 2:
        return Cut(f"{first}\n```", f"```{fences[-1]}\n{rest}")
    return Cut(first, rest.strip())


def find_persona_name(persona: str) -> str:
    """Return the name in the persona's first heading, or "Theseus"."""
    found = _NAME.search(persona)
    return found[1] if found else "Theseus"

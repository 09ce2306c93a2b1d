"""What was said in a channel: who said it, what we answered, and how much of it is kept."""

import re
from typing import NamedTuple

from pydantic import AwareDatetime

from bot.domain.names import Name
from bot.domain.record import Record

LONGEST = 6_000
"""Characters of one message that are kept."""
MESSAGE = 1_900
"""Characters that fit into one message of a chat, with room for what repairs a cut."""
CHAT = "chat:"
"""What the names of chronicles begin with; the id of the channel follows."""
_FENCE = re.compile(r"^\s*```(\S*)", re.MULTILINE)
_QUESTION = "❓"  # how the question of a run begins; no small talk may look like one
_NAME = re.compile(r"^# +(.+?) *$", re.MULTILINE)


class ChatLine(Record):
    """One message. `message_id` is the person's; with `ours` it is our answer to that message.

    `by_id` is the person in both; lines that an older version kept do not have it.
    """

    message_id: int
    by: Name
    by_id: int | None = None
    text: str
    at: AwareDatetime
    ours: bool = False


class Chronicle(Record):
    """The last of what was said to us in one channel, and what we answered, oldest first."""

    channel_id: int | None = None
    lines: tuple[ChatLine, ...] = ()

    def find_answer(self, message_id: int) -> ChatLine | None:
        """Return what we answered to that message, if we have."""
        found = (line for line in self.lines if line.ours and line.message_id == message_id)
        return next(found, None)

    def append(self, *lines: ChatLine, most: int) -> "Chronicle":
        """Return it with these lines at its end; of all of them the last `most` are kept.

        The answer that was given last is kept in any case: it is shown again after a crash.
        """
        kept = tuple(line.replace(text=limit_length(line.text)) for line in lines)
        return self.replace(lines=(*self.lines, *kept)[-max(most, 2) :])

    def remove_person(self, person_id: int) -> "Chronicle":
        """Return it without what that person said, and what they were answered."""
        return self.replace(lines=tuple(each for each in self.lines if each.by_id != person_id))


class Cut(NamedTuple):
    """A text in two: what fits into one message, and what is left."""

    first: str
    rest: str


def limit_length(text: str) -> str:
    """Return the text as it is kept and shown: not without end."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def strip_question_mark(text: str) -> str:
    """Return a model's words as they may stand in chat: never like the question of a run."""
    return text.strip().lstrip(_QUESTION).strip()


def cut(text: str, limit: int = MESSAGE) -> Cut:
    """Cut a text that is too long for one message, where it reads best; code blocks stay whole."""
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
    """Return the name a persona gives itself in its first heading."""
    found = _NAME.search(persona)
    return found[1] if found else "Theseus"

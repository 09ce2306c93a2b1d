"""A note that the bot should remember or forget."""

import re
from dataclasses import dataclass

from bot.domain.errors import OutOfBounds
from bot.domain.intents import Intent
from bot.domain.memory import Memory
from bot.domain.people import Person
from bot.intake.message import Message, RepliedMessage, Reply
from bot.memory.ranking import format_memory
from bot.memory.recall import Forgotten, MemoryService
from bot.presentation.cards import to_plain_text
from bot.presentation.feature_requests import describe_request_removal
from bot.self_improvement.requests.feature_requests import FeatureRequestService

INTENTS = (Intent.REMEMBER, Intent.FORGET)

_LINE = 200
_FORGET_WHAT = (
    "Forget what? Say “forget” with some words of the note, or with its key. `/privacy` erases "
    "what I store about you; everyone can use it."
)
_THIS = re.compile(r"(?:this|that|it|these|those)?", re.IGNORECASE)
# The opening of a request to remember; the grammar has decided that it is one.
_OPENING = re.compile(
    r"^.{0,80}?\b(?:remember|notes?|in mind|forget|memori[sz]e|learn|reference|record)\b"
    r"(?:\s+(?:also|of|down))*(?:[\s,:]+that\b)?[\s,:]*",
    re.IGNORECASE | re.DOTALL,
)
_COURTESY = re.compile(r"[\s,]+(?:please|thanks|thank you|thx|cheers)[\s.!]*$", re.IGNORECASE)
_NOTED = re.compile(r"\b[Nn]oted as `(note:[0-9a-f]+)`")


@dataclass(frozen=True)
class Request:
    """The text to remember; or the key or text of what to forget."""

    person: Person
    note: str
    forgets: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Stores notes, and forgets notes and feature requests."""

    memory: MemoryService
    feature_requests: FeatureRequestService

    async def decide(self, message: Message) -> Request:
        """Return the note; “remember this” as a reply means the message that it replies to."""
        replied = message.replied
        if message.intent is Intent.FORGET:
            note = message.slots.note
            if _THIS.fullmatch(note):
                note = _find_note_key(replied)
            return Request(message.person, note, forgets=True)
        note = extract_note(message.text, message.slots.note)
        if _THIS.fullmatch(note):
            note = f"{replied.author.name} said: {replied.text}" if replied and replied.text else ""
        return Request(message.person, note, forgets=False)

    async def perform(self, request: Request) -> Reply:
        """Remember or forget; ask back if several notes match."""
        person, note = request.person, request.note
        if not request.forgets:
            return describe_note(await self.memory.remember(person, note))
        if not note:
            raise OutOfBounds(_FORGET_WHAT)
        return await forget(self.memory, self.feature_requests, person, note)


def extract_note(text: str, note: str) -> str:
    """Return the note as it was written: the grammar's `note` has corrected spelling."""
    written = _COURTESY.sub("", _OPENING.sub("", text, count=1)).strip()
    return written or note


def _find_note_key(replied: RepliedMessage | None) -> str:
    """Return the key of the note that one of the bot's own messages confirms."""
    found = _NOTED.search(replied.text) if replied is not None and replied.is_own else None
    return found[1] if found else ""


def format_memory_line(memory: Memory) -> str:
    """Return a memory on one line, with its key."""
    return f"`{memory.key}` {to_plain_text(format_memory(memory), _LINE)}"


def describe_note(note: Memory) -> str:
    """Return the answer after something was noted."""
    return (
        f"🧠 Noted as `{note.key}`: “{to_plain_text(note.text, _LINE)}”. “forget "
        f"{note.key}” removes it."
    )


async def forget(
    memory: MemoryService, feature_requests: FeatureRequestService, person: Person, wanted: str
) -> str:
    """Forget a memory, or a feature request by its key (`wish:k7m2xq`); return the answer.

    Raises `NotAuthorized`, `StoreError`.
    """
    if wanted.strip(" `").lower().startswith("wish:"):
        return describe_request_removal(await feature_requests.forget(person, wanted))
    return describe_forget_result(person, await memory.forget(person, wanted))


def describe_forget_result(person: Person, found: Forgotten) -> str:
    """Return what was forgotten and for whom, or which notes may be meant."""
    if found.memory is not None:
        who = to_plain_text(person.name, 40)
        return f"🧠 Forgotten, as {who} asked: {format_memory_line(found.memory)}"
    if not found.fitting:
        return "I remember nothing like that. `/memory search` shows what there is."
    lines = [f"- {format_memory_line(memory)}" for memory in found.fitting[:5]]
    which = "Which one? Say “forget” with its key:"
    if len(found.fitting) == 1:
        which = "I am not sure you mean this one; say “forget” with its key:"
    return "\n".join([which, *lines])

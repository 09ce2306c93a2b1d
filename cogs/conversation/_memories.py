"""Notes that people ask the bot to remember or to forget."""

import re

import discord
import structlog

from bot.client import TheseusClient
from bot.domain.errors import OutOfBounds, StoreError
from bot.grammar.questions import is_question
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import describe_note, format_memory_line, get_person
from cogs.ui import forget as forget_named

_MOST_NOTES = 3
_NOTED_ABOUT = "🧠 I was asked to remember:"
_log = structlog.stdlib.get_logger(__name__)
_THIS = re.compile(r"(?:this|that|it|these|those)?", re.IGNORECASE)
# The opening of a request to remember; the grammar has decided that it is one.
_OPENING = re.compile(
    r"^.{0,80}?\b(?:remember|notes?|in mind|forget|memori[sz]e|learn|reference|record)\b"
    r"(?:\s+(?:also|of|down))*(?:[\s,:]+that\b)?[\s,:]*",
    re.IGNORECASE | re.DOTALL,
)
_COURTESY = re.compile(r"[\s,]+(?:please|thanks|thank you|thx|cheers)[\s.!]*$", re.IGNORECASE)
_NOTED = re.compile(r"\b[Nn]oted as `(note:[0-9a-f]+)`")


async def remember(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Store a note; “remember this” as a reply stores the message that it replies to."""
    note, pointed_at = (
        extract_note(incoming.text, incoming.utterance.slots.note),
        incoming.pointed_at,
    )
    if _THIS.fullmatch(note):
        if pointed_at is None or not pointed_at.content:
            note = ""
        else:
            note = f"{get_person(bot, pointed_at.author).name} said: {pointed_at.content}"
    return describe_note(await bot.agent.memory.remember(incoming.person, note))


def extract_note(text: str, note: str) -> str:
    """Return the note as it was written: the grammar's `note` has corrected spelling."""
    written = _COURTESY.sub("", _OPENING.sub("", text, count=1)).strip()
    return written or note


async def answer_from_notes(bot: TheseusClient, incoming: IncomingMessage) -> str:
    """Return the notes that answer a question; "" if it is no question or no note matches.

    Raises `NotAuthorized`.
    """
    if not is_question(incoming.text):
        return ""
    try:
        notes = await bot.agent.memory.find_notes(incoming.person, incoming.text)
    except StoreError as error:
        _log.warning("the notes cannot be read for an answer: %s", error)
        return ""
    lines = [format_memory_line(each) for each in notes[:_MOST_NOTES]]
    return "\n".join([_NOTED_ABOUT, *lines]) if lines else ""


async def forget(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Forget the note or feature request with that key, or the note with that text.

    Asks back if several notes match.
    """
    wanted = incoming.utterance.slots.note
    if _THIS.fullmatch(wanted):
        wanted = _find_note_key(bot, incoming.pointed_at)
    if not wanted:
        # raises `NotAuthorized` first, if the person may not ask
        await bot.agent.memory.search(incoming.person)
        raise OutOfBounds("Forget what? Say “forget” with some of its words, or with its key.")
    return await forget_named(bot, incoming.person, wanted)


def _find_note_key(bot: TheseusClient, message: discord.Message | None) -> str:
    """Return the key of the note that one of the bot's own messages confirms."""
    ours = message is not None and bot.user is not None and message.author.id == bot.user.id
    found = _NOTED.search(message.content) if message is not None and ours else None
    return found[1] if found else ""

"""Notes that answer what people say in talk."""

import structlog

from bot.client import TheseusClient
from bot.domain.errors import StoreError
from bot.grammar.questions import is_question
from bot.intake.kinds.note import format_memory_line
from bot.intake.message import Message
from bot.memory.recall import MemoryService

_MOST_NOTES = 3
_NOTED_ABOUT = "🧠 I was asked to remember:"
_log = structlog.stdlib.get_logger(__name__)


async def answer_from_notes(bot: TheseusClient, message: Message) -> str:
    """Return the notes that answer a question; "" if it is no question or no note matches.

    Raises `NotAuthorized`.
    """
    if not is_question(message.text):
        return ""
    try:
        notes = await bot.provide(MemoryService).find_notes(message.person, message.text)
    except StoreError as error:
        _log.warning("the notes cannot be read for an answer: %s", error)
        return ""
    lines = [format_memory_line(each) for each in notes[:_MOST_NOTES]]
    return "\n".join([_NOTED_ABOUT, *lines]) if lines else ""

"""Answers about memories, for commands and messages."""

from bot.client import TheseusClient
from bot.domain.memory import Memory
from bot.domain.people import Person
from bot.memory.ranking import format_memory
from bot.memory.recall import Forgotten
from bot.presentation.cards import to_plain_text
from bot.presentation.feature_requests import describe_request_removal

_LINE = 200


def format_memory_line(memory: Memory) -> str:
    """Return a memory on one line, with its key."""
    return f"`{memory.key}` {to_plain_text(format_memory(memory), _LINE)}"


def describe_note(note: Memory) -> str:
    """Return the answer after something was noted."""
    return (
        f"🧠 Noted as `{note.key}`: “{to_plain_text(note.text, _LINE)}”. “forget "
        f"{note.key}” removes it."
    )


async def forget(bot: TheseusClient, person: Person, wanted: str) -> str:
    """Forget a memory, or a feature request by its key (`wish:k7m2xq`); return the answer.

    Raises `NotAuthorized`, `StoreError`.
    """
    if wanted.strip(" `").lower().startswith("wish:"):
        return describe_request_removal(await bot.agent.wishes.forget(person, wanted))
    return describe_forget_result(person, await bot.agent.memory.forget(person, wanted))


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

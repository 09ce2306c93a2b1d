"""A message that may ask for several things: its author says which, with a button."""

from dataclasses import dataclass

from bot.domain.guilds import AllowLists
from bot.intake.message import Message, Reply, can_ask
from bot.presentation.meanings import render_meaning_question

INTENTS = ()  # such a message is `unclear`; what it may mean tells it from a decision


@dataclass(frozen=True)
class Request:
    """The message, and what it may mean, the likeliest first."""

    message: Message


@dataclass(frozen=True, eq=False)
class Handler:
    """Asks what was meant. Only a button starts something."""

    people: AllowLists

    async def decide(self, message: Message) -> Request:
        """Return the message."""
        return Request(message)

    async def perform(self, request: Request) -> Reply:
        """Return the question; `None` if the author may not ask for work, so it is talk."""
        if not can_ask(self.people, request.message.person):
            return None
        slots = request.message.slots
        return render_meaning_question(slots.may_mean, question=slots.question)

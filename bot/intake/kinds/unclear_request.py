"""A message that may ask for several things: its author says which, with a button."""

from dataclasses import dataclass

from bot.domain.intents import Intent
from bot.domain.people import AllowList
from bot.domain.posts import Button, Post
from bot.intake.message import Message, Reply, can_ask

INTENTS = ()  # such a message is `unclear`; what it may mean tells it from a decision

ACTION = "meant"
"""The second part of the id of such a button, after `theseus:`."""
_QUESTION = "What do you mean? I start nothing until you press a button."
_LABELS = {
    Intent.FIX: "Something is broken, fix it",
    Intent.INVESTIGATE: "Something is broken",
    Intent.CHANGE: "Something new or different",
    Intent.ASK: "A question",
}


@dataclass(frozen=True)
class Request:
    """The message, and what it may mean, the likeliest first."""

    message: Message


@dataclass(frozen=True, eq=False)
class Handler:
    """Asks what was meant. Only a button starts something."""

    people: AllowList

    async def decide(self, message: Message) -> Request:
        """Return the message."""
        return Request(message)

    async def perform(self, request: Request) -> Reply:
        """Return the question; `None` if the author may not ask for work, so it is talk."""
        if not can_ask(self.people, request.message.person):
            return None
        return Post(text=_QUESTION, buttons=build_buttons(request.message.slots.may_mean))


def build_buttons(may_mean: tuple[Intent, ...]) -> tuple[Button, ...]:
    """Return a button for each kind of request, those in `may_mean` first, and one for none."""
    fault = Intent.FIX if Intent.FIX in may_mean else Intent.INVESTIGATE
    others = (fault, Intent.CHANGE, Intent.ASK)
    kinds = [each for each in dict.fromkeys((*may_mean, *others)) if each in _LABELS]
    buttons = [
        Button(label=_LABELS[kind], action=ACTION, arguments=(kind.value,))
        for kind in kinds
        if kind in others
    ]
    return (*buttons, Button(label="Nothing", action=ACTION, arguments=("nothing",)))

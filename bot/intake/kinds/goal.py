"""A goal that a person sets or removes, and the question how the goals are doing."""

from dataclasses import dataclass

from bot.domain.errors import WrongStage
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.goals.service import ObjectiveRequest, ObjectiveService
from bot.goals.texts import describe_removal, describe_set_objective, list_objective_lines
from bot.intake.message import Message, Reply, can_ask
from bot.intake.places import WRONG_CHANNEL, is_private_or_dev

INTENTS = (Intent.SET_GOAL, Intent.REMOVE_GOAL, Intent.GOALS)


@dataclass(frozen=True)
class Request:
    """What is asked for, and the text of the goal to set or to remove."""

    person: Person
    intent: Intent
    text: str
    is_allowed_here: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Sets goals and reports on them, in the dev channel or to a listed person directly."""

    service: ObjectiveService | None
    people: AllowLists
    dev_channel_id: int

    async def decide(self, message: Message) -> Request:
        """Return what is asked for. People who are not listed are refused later."""
        here = is_private_or_dev(message, self.dev_channel_id)
        allowed = here or not can_ask(self.people, message.person)
        return Request(message.person, message.intent, message.slots.note, allowed)

    async def perform(self, request: Request) -> Reply:
        """Set the goal, remove it, or report. Raises what the service raises."""
        if not request.is_allowed_here:
            return WRONG_CHANNEL.format(channel=self.dev_channel_id)
        if self.service is None:
            raise WrongStage("This bot runs without goals.")
        if request.intent is Intent.REMOVE_GOAL:
            return describe_removal(await self.service.remove(request.person, request.text))
        if request.intent is Intent.SET_GOAL:
            made = await self.service.set(request.person, ObjectiveRequest(request.text))
            return describe_set_objective(made)
        return "\n".join(list_objective_lines(await self.service.report(request.person)))

"""The end of a run: rejected or cancelled."""

from dataclasses import dataclass

from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.domain.run import Run, Status
from bot.intake.message import Message, Reply
from bot.intake.run_references import RunReferences
from bot.self_improvement.run_decisions import RunDecisions

INTENTS = (Intent.REJECT, Intent.CANCEL)


@dataclass(frozen=True)
class Request:
    """The run to end. `rejects`: its proposal is closed because it is not wanted."""

    person: Person
    run: Run
    rejects: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Ends the run that the text, the card or the thread refers to."""

    decisions: RunDecisions
    references: RunReferences

    async def decide(self, message: Message) -> Request:
        """Return which run to end. Raises `UnknownRun`."""
        run = await self.references.find(message)
        return Request(message.person, run, rejects=message.intent is Intent.REJECT)

    async def perform(self, request: Request) -> Reply:
        """End the run; its thread says so."""
        end = self.decisions.reject if request.rejects else self.decisions.cancel
        await end(request.run.id, request.person)
        return None

    async def is_done(self, message: Message) -> bool:
        """Return whether the run has already ended like that, before the bot was killed."""
        request = await self.decide(message)
        wanted = Status.REJECTED if request.rejects else Status.CANCELLED
        return request.run.status is wanted

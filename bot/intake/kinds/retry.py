"""Another attempt: “try again”, “versuch es nochmal”."""

from dataclasses import dataclass

from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.domain.run import Run
from bot.intake.answers import on_it
from bot.intake.message import Message, Reply
from bot.intake.run_references import RunReferences
from bot.self_improvement.run_conversation import RunConversation
from bot.self_improvement.run_restarts import RunRestarts

INTENTS = (Intent.RETRY,)


@dataclass(frozen=True)
class Request:
    """The run to try again. `is_elsewhere`: the message is not in the run's thread."""

    person: Person
    run: Run
    is_elsewhere: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Starts a run again, as the text or the thread says; one that waits goes on at once."""

    restarts: RunRestarts
    conversation: RunConversation
    references: RunReferences

    async def decide(self, message: Message) -> Request:
        """Return which run to try again. Raises `UnknownRun`."""
        run = await self.references.find(message)
        return Request(message.person, run, is_elsewhere=message.run is None)

    async def perform(self, request: Request) -> Reply:
        """Start or continue the run. Raises `WrongStage` if there is nothing to try again."""
        run = request.run
        if run.waits_for_engine:
            again = await self.conversation.resume(run.id, request.person)
        else:
            again = await self.restarts.retry(run.id, request.person)
        # A run that had a proposal is replaced by another one, in a thread of its own.
        return on_it(again) if request.is_elsewhere or again.id != run.id else None

"""The revert of a shipped change."""

from dataclasses import dataclass

from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.intake.answers import describe_revert
from bot.intake.message import Message, Reply
from bot.self_improvement.requests.run_requests import RunRequests

INTENTS = (Intent.REVERT,)


@dataclass(frozen=True)
class Request:
    """The change to revert, by its run, thread or pull request."""

    person: Person
    run_id: str | None
    thread_id: int | None
    number: int | None


@dataclass(frozen=True, eq=False)
class Handler:
    """Proposes to revert the change that the text, the card or the thread refers to."""

    requests: RunRequests

    async def decide(self, message: Message) -> Request:
        """Return what the message refers to."""
        run_id = message.card.run_id if message.card else message.slots.run
        number = message.slots.pull_request
        return Request(message.person, run_id, message.thread_id, number)

    async def perform(self, request: Request) -> Reply:
        """Start the revert, or return where it was already requested."""
        run = await self.requests.revert(
            request.person,
            run_id=request.run_id,
            thread_id=request.thread_id,
            number=request.number,
        )
        return describe_revert(run)

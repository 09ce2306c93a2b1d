"""A change of a proposal: “also handle d0”."""

from dataclasses import dataclass

from bot.domain.errors import WrongStage
from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.domain.run import Run
from bot.intake.answers import on_it
from bot.intake.message import Message, Reply
from bot.intake.run_references import RunReferences
from bot.presentation.cards import run_line
from bot.self_improvement.run_conversation import RunConversation

INTENTS = (Intent.REVISE,)


@dataclass(frozen=True)
class Request:
    """The run and what to change. `is_elsewhere`: the message is not in the run's thread."""

    person: Person
    run: Run
    instruction: str
    key: str
    asks_status: bool
    is_elsewhere: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Revises the run's change."""

    conversation: RunConversation
    references: RunReferences

    async def decide(self, message: Message) -> Request:
        """Return which run is to be revised, and how. Raises `UnknownRun`."""
        return Request(
            message.person,
            await self.references.find(message),
            message.slots.instruction,
            message.key,
            asks_status=message.slots.asks_status,
            is_elsewhere=message.run is None,
        )

    async def perform(self, request: Request) -> Reply:
        """Revise; also return the run's status, if that was asked."""
        run, lines = request.run, list[str]()
        try:
            run = await self.conversation.revise(
                run.id, request.person, request.instruction, "text", request.key
            )
            lines += [on_it(run)] if request.is_elsewhere else []
        except WrongStage as refusal:
            if not request.asks_status:
                raise
            lines.append(str(refusal))
        lines += [run_line(run)] if request.asks_status else []
        return "\n".join(lines) or None

"""What is being worked on."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.domain.run import Run
from bot.intake.message import Message, Reply
from bot.presentation.cards import run_line
from bot.self_improvement import SelfImprovementAgent

INTENTS = (Intent.STATUS,)

_IDLE = (
    "I am not working on anything. Tell me what is broken or what you want; `/runs list` shows "
    "earlier runs."
)


@dataclass(frozen=True)
class Request:
    """Whose status is asked for: that of `run`, or of all work."""

    person: Person
    run: Run | None


@dataclass(frozen=True, eq=False)
class Handler:
    """Answers with one line for each run."""

    authorizer: Authorizer
    agent: SelfImprovementAgent

    async def decide(self, message: Message) -> Request:
        """Return the request for the status of the thread's run, or of all work."""
        return Request(message.person, message.run)

    async def perform(self, request: Request) -> Reply:
        """Return the status. Raises `NotAuthorized`."""
        return await render_status(self.authorizer, self.agent, request.person, request.run)


async def render_status(
    authorizer: Authorizer, agent: SelfImprovementAgent, person: Person, run: Run | None
) -> str:
    """Return what is being worked on, or the status of `run` only. Raises `NotAuthorized`."""
    await authorizer.ask(person, Act.READ)
    runs = [run] if run else [each for each in await agent.list_runs() if not each.has_ended]
    return "\n".join(run_line(each) for each in runs) or _IDLE

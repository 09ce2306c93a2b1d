"""A “fix it” that names nothing and addresses nobody: asked back, with what failed lately."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.posts import Button, Post
from bot.intake.decision_questions import ACTION, MOST_BUTTONS, UNTOUCHED, build_button
from bot.intake.message import Message, Reply
from bot.ports.clock import Clock
from bot.presentation.missing_failure import build_choices, render_choice_question

INTENTS = ()  # the grammar marks such a report as unspecific


@dataclass(frozen=True)
class Request:
    """The message, with the failures that it may mean."""

    message: Message


@dataclass(frozen=True, eq=False)
class Handler:
    """Asks which failure is meant; only its buttons start a run."""

    authorizer: Authorizer
    clock: Clock

    async def decide(self, message: Message) -> Request:
        """Return the message."""
        return Request(message)

    async def perform(self, request: Request) -> Reply:
        """Return the question."""
        message = request.message
        await self.authorizer.ask(message.person, Act.READ, note="which failure was meant")
        failures = message.recent_failures[:MOST_BUTTONS]
        buttons = [
            build_button(choice.name[:80], message.intent.value, choice.error_id)
            for choice in build_choices(failures)
        ]
        if not buttons:
            return None
        nothing = Button(label="Not now", action=ACTION, arguments=("nothing",))
        question = render_choice_question(failures, self.clock.now())
        return Post(text=f"{question}\n{UNTOUCHED}", buttons=(*buttons, nothing))

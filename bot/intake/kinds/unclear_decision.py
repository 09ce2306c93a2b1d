"""Words that look like a decision but are not clear: asked back, with buttons."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.intents import Intent
from bot.domain.posts import Button, Post
from bot.intake.decision_questions import DecisionQuestions, remove_duplicates
from bot.intake.message import Message, Reply
from bot.intake.rollback_questions import RollbackQuestions
from bot.intake.run_references import RunReferences

INTENTS = (Intent.UNCLEAR,)

_NOT_PAUSED = (
    "My own work is not paused, so there is nothing to resume. `/runs list` shows what I am doing."
)
_NO_MATCH = (
    "That sounds like a decision (“{wanted}”), but I found nothing here to decide, so I did "
    "nothing. Say it in the thread of a run, or with a number, as in “ship #4”. `/runs list` shows "
    "all runs."
)


@dataclass(frozen=True)
class Request:
    """The message that may be a decision. It is read only if its author may read runs."""

    message: Message


@dataclass(frozen=True, eq=False)
class Handler:
    """Asks what was meant."""

    authorizer: Authorizer
    references: RunReferences
    questions: DecisionQuestions
    rollbacks: RollbackQuestions

    async def decide(self, message: Message) -> Request:
        """Return the message."""
        return Request(message)

    async def perform(self, request: Request) -> Reply:
        """Return the question; `None` if nothing can be decided and the words may be talk."""
        message = request.message
        question = await self._ask_back(message)
        if question is None and not message.utterance.unsure:
            return _NO_MATCH.format(wanted=message.slots.may_mean[0])
        return question

    async def _ask_back(self, message: Message) -> Post | None:
        """Return the question with its buttons; None if no possible decision can be made."""
        slots = message.slots
        await self.authorizer.ask(message.person, Act.READ, note="what was meant")
        numbers = slots.numbers or ((slots.pull_request,) if slots.pull_request is not None else ())
        named, unknown = await self.references.find_named(slots.run, numbers)
        here = await self.references.find_current(message)
        runs = remove_duplicates([*named, *([here] if here else [])])
        intents = slots.may_mean
        texts: tuple[Button, ...] = ()
        if Intent.REVERT in intents and not (runs or unknown):
            texts = await self.rollbacks.build_recent_buttons(message)
        found = runs or await self.references.list_open()
        resumes = intents == (Intent.RESUME,)
        if resumes and await self.questions.build_bot_button(Intent.RESUME, slots) is None:
            return Post(text=_NOT_PAUSED)
        return await self.questions.build(
            intents, found, slots, unknown=unknown, extra_buttons=texts
        )

"""A question to be looked up: answered with quotes from sources, and only with these."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.account import build_chat_account
from bot.domain.errors import WrongStage
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent
from bot.domain.research import LONGEST_QUESTION, ResearchQuestion
from bot.intake.message import Message, Reply, can_ask
from bot.intake.places import WRONG_CHANNEL, is_about_work
from bot.presentation.research import render_research
from bot.research.answers import ResearchAnswers
from bot.research.terms import clean_text

INTENTS = (Intent.RESEARCH,)

_OFF = "I have no sources that I could read here."


@dataclass(frozen=True)
class Request:
    """The message with its question, and whether the answer may be posted where it is."""

    message: Message
    question: str
    is_allowed_here: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Answers listed people, where the work is talked about: issues may not be public."""

    authorizer: Authorizer
    people: AllowLists
    dev_channel_id: int
    find_answers: Callable[[], ResearchAnswers | None]

    async def decide(self, message: Message) -> Request:
        """Return the question. People who are not listed are refused later."""
        here = is_about_work(message, self.dev_channel_id)
        allowed = here or not can_ask(self.people, message.person)
        return Request(message, message.slots.subject, allowed)

    async def perform(self, request: Request) -> Reply:
        """Look the question up and answer it.

        Raises `NotAuthorized`, `Stopped`, and `WrongStage` without any source.
        """
        message = request.message
        await self.authorizer.ask(message.person, Act.ASK, note="research")
        if not request.is_allowed_here:
            return WRONG_CHANNEL.format(channel=self.dev_channel_id)
        answers = self.find_answers()
        if answers is None:
            raise WrongStage(_OFF)
        await message.host.show_start()
        account = build_chat_account(message.person)
        text = clean_text(request.question)[:LONGEST_QUESTION] or "?"
        question = ResearchQuestion(text=text, account=account)
        return render_research(await answers.answer(question))

"""Whether a message that does not address the bot is for it all the same."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.intents import Intent, Utterance
from bot.domain.journal import FailureGroup
from bot.domain.people import AllowList, Person
from bot.domain.run import Run, Waiting
from bot.grammar.changes import has_bot_part
from bot.grammar.likeness import has_any_name
from bot.intake.decision_questions import DecisionQuestions
from bot.intake.failures import FailureMatcher
from bot.intake.message import can_ask
from bot.intake.run_replies import is_contract_reply, is_question_answer
from bot.ports.clock import Clock
from bot.self_improvement import SelfImprovementAgent

_RECENT_PERIOD = timedelta(minutes=30)  # how long people mention a failure without its name


@dataclass(frozen=True)
class Overheard:
    """Whether a message is for the bot, and the failures that "fix it" may mean."""

    is_for_bot: bool
    failures: tuple[FailureGroup, ...] = ()


class Attention:
    """Judges what people write without addressing the bot."""

    def __init__(
        self,
        agent: SelfImprovementAgent,
        matcher: FailureMatcher,
        questions: DecisionQuestions,
        clock: Clock,
        people: AllowList,
    ) -> None:
        self._agent = agent
        self._matcher = matcher
        self._questions = questions
        self._clock = clock
        self._people = people

    async def judge(
        self, text: str, utterance: Utterance, person: Person, names: Collection[str]
    ) -> Overheard:
        """Return whether a message in the dev channel is for the bot; `names` are its parts'.

        People also revert changes of their own, so a revert counts only if one of the bot's changes
        is live. A "fix it" counts only if something failed lately and a listed person wrote it. A
        requested change counts only if it is about the bot.
        """
        if utterance.is_unspecific:
            if not can_ask(self._people, person):
                return Overheard(is_for_bot=False)
            since = self._clock.now() - _RECENT_PERIOD
            failures = await self._matcher.list_failures(since)
            return Overheard(bool(failures), failures)
        if utterance.intent is Intent.ROLL_BACK:
            return Overheard(utterance.recognised and can_ask(self._people, person))
        if utterance.recognised and utterance.intent in (Intent.REVERT, Intent.UNCLEAR):
            return Overheard(await self._questions.can_be_decided(person, utterance))
        about_bot = utterance.intent is not Intent.CHANGE or _is_about_bot(text, names)
        return Overheard(utterance.recognised and about_bot)

    async def is_run_answer(
        self, run: Run | None, text: str, utterance: Utterance, replied_id: int | None
    ) -> bool:
        """Return whether the run waits for an answer and this text is the answer.

        `replied_id` is the message that it replies to.
        """
        if run is None or not text:
            return False
        if run.waiting is Waiting.AGREEMENT:
            return is_contract_reply(text, utterance)
        question = await self._agent.get_question(run)
        if question is None:
            return False
        replies = replied_id is not None and replied_id == question.message_id
        return is_question_answer(question, text, utterance, replies=replies)


def _is_about_bot(text: str, names: Collection[str]) -> bool:
    """Return whether an unaddressed request for a change is about the bot.

    People use the same verbs among themselves ("add milk to the list"). So the text must name a
    whole command or group, a cog, or a part of a bot.
    """
    return has_bot_part(text) or has_any_name(text, set(names))

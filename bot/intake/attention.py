"""Whether a message that does not address the bot is for it, or answers a waiting run."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.dialogue import Question
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent, Utterance
from bot.domain.journal import FailureGroup
from bot.domain.people import Person
from bot.domain.run import Run, Waiting
from bot.grammar.agreement import is_refusal, parse_agreement, parse_contract_reply
from bot.grammar.changes import has_bot_part
from bot.grammar.choices import find_choice
from bot.grammar.likeness import find_fitting_failures, has_any_name
from bot.intake.decision_questions import DecisionQuestions
from bot.intake.failures import FailureMatcher
from bot.intake.message import can_ask
from bot.ports.clock import Clock
from bot.self_improvement.run_conversation import RunConversation

_MORE = re.compile(r"\b(?:also|too|as well|besides|additionally)\b", re.IGNORECASE)
_WORK = re.compile(r"\b(?:fix|investigate|look into|why|repair)\b", re.IGNORECASE)
_ENDING = {Intent.CANCEL, Intent.STOP, Intent.REJECT}
_REPORTS = (Intent.FIX, Intent.INVESTIGATE)
_EVIDENCE_PERIOD = timedelta(days=1)
_RECENT_PERIOD = timedelta(minutes=30)  # how long people mention a failure without its name


@dataclass(frozen=True)
class Overheard:
    """Whether a message is for the bot, and the failures that "fix it" may mean."""

    is_for_bot: bool
    failures: tuple[FailureGroup, ...] = ()


@dataclass(frozen=True, eq=False)
class Attention:
    """Judges what people write without addressing the bot."""

    conversation: RunConversation
    matcher: FailureMatcher
    questions: DecisionQuestions
    clock: Clock
    people: AllowLists

    async def judge(
        self, text: str, utterance: Utterance, person: Person, names: Collection[str]
    ) -> Overheard:
        """Return whether a message in the dev channel is for the bot; `names` are its parts'.

        People also revert changes of their own, so a revert counts only if one of the bot's changes
        is live. A "fix it" counts only if something failed lately and a listed person wrote it. A
        request for work counts only if it is about the bot: it names a part of it, or what failed.
        """
        if utterance.is_unspecific:
            if not can_ask(self.people, person):
                return Overheard(is_for_bot=False)
            since = self.clock.now() - _RECENT_PERIOD
            failures = await self.matcher.list_failures(since)
            return Overheard(bool(failures), failures)
        if utterance.intent is Intent.ROLL_BACK:
            return Overheard(utterance.recognised and can_ask(self.people, person))
        if utterance.recognised and utterance.intent in (Intent.REVERT, Intent.UNCLEAR):
            return Overheard(await self.questions.can_be_decided(person, utterance))
        known = {*names, *self.matcher.commands()}
        if not utterance.recognised or _is_about_bot(text, known):
            return Overheard(utterance.recognised)
        return Overheard(utterance.intent in _REPORTS and await self._is_about_failure(text))

    async def _is_about_failure(self, text: str) -> bool:
        """Return whether something like this failed lately."""
        failures = await self.matcher.list_failures(self.clock.now() - _EVIDENCE_PERIOD)
        match = find_fitting_failures(text, failures, self.matcher.commands())
        return bool(match.certain or match.likely)

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
        question = await self.conversation.get_question(run)
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


def is_answer(text: str, utterance: Utterance, *, replies: bool) -> bool:
    """Return whether text in the thread of a waiting run is the answer to its question.

    A reply to the question is the answer, unless it ends the run. Other text is the answer if the
    grammar finds no request in it. "It should be like this" counts as an answer and not as a report
    or revision, unless it explicitly asks for work.
    """
    intent = utterance.intent
    if replies:
        return intent not in (Intent.CANCEL, Intent.STOP)
    if intent is Intent.UNCLEAR:
        return is_refusal(text) or not _ENDING & set(utterance.slots.may_mean)
    if intent is Intent.REVISE:
        return not _MORE.search(text)
    if intent in (Intent.FIX, Intent.INVESTIGATE):
        return not _WORK.search(text)
    return intent is Intent.CHAT


def is_question_answer(
    question: Question, text: str, utterance: Utterance, *, replies: bool
) -> bool:
    """Return whether text in the thread answers the run's question; see `is_answer`.

    A plain choice of an offered answer counts too, even if it resembles a request, unless it ends
    the run.
    """
    if question.only_choices and find_choice(text, question.choices) is not None:
        return utterance.intent not in (Intent.CANCEL, Intent.STOP)
    if question.choices and not question.only_choices and parse_agreement(text) is not None:
        return True
    return is_answer(text, utterance, replies=replies)


def is_contract_reply(text: str, utterance: Utterance) -> bool:
    """Return whether the text is a yes, a no or a correction; a question is none of them."""
    word = parse_contract_reply(text)
    if (
        word.is_go_ahead
        or word.may_agree
        or (not word.correction and parse_agreement(text) is False)
    ):
        return True
    return not text.rstrip().endswith("?") and is_answer(text, utterance, replies=False)

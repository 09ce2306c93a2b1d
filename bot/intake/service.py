"""`Intake`: the one service that decides what a message asks for and what follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.domain.evidence import RequestAnswer
from bot.domain.feature_request import FeatureRequest
from bot.domain.intents import Intent
from bot.domain.posts import Post
from bot.domain.run import Trigger
from bot.intake.attached_failures import AttachedFailures
from bot.intake.attention import Attention
from bot.intake.decision_questions import DecisionQuestions
from bot.intake.incident_requests import IncidentRequests
from bot.intake.kinds import ending, feature_request, question
from bot.intake.message import Message, Reply
from bot.intake.rollback_questions import NOT_NOW
from bot.intake.targets import KnownTargets
from bot.intake.work import IntakeResult, WorkRequests
from bot.presentation import meanings
from bot.self_improvement.requests.change_requests import ChangeBegun

Decided = TypeVar("Decided")

_ASKED_BACK = (Intent.FIX, Intent.INVESTIGATE, Intent.CHANGE, Intent.UNCLEAR)
"""Requests, and messages that are asked back because they are no exact sentence."""


class KindHandler(Protocol[Decided]):
    """Handles one kind of request. See `bot.intake.kinds`."""

    async def decide(self, message: Message) -> Decided:
        """Return what the message asks for. Changes nothing."""
        ...

    async def perform(self, request: Decided) -> Reply:
        """Carry the request out with its person's rights, and return the reply."""
        ...


@dataclass(frozen=True)
class MessageHandlers:
    """The handlers of messages: by intent, and for what the words alone do not decide."""

    by_intent: Mapping[Intent, KindHandler[Any]]
    questions: question.Handler
    run_answers: KindHandler[Any]
    unnamed_failures: KindHandler[Any]
    unclear_requests: KindHandler[Any]
    endings: ending.Handler


@dataclass(frozen=True, eq=False)
class Intake:
    """Takes requests from messages, commands, buttons and the forge.

    Attributes:
        attention: Judges whether a message is for the bot.
        work: Decides about requests for work.
        incidents: Starts work on incidents.
    """

    handlers: MessageHandlers
    questions: DecisionQuestions
    attached_failures: AttachedFailures
    attention: Attention
    work: WorkRequests
    feature_requests: feature_request.Handler
    incidents: IncidentRequests

    @property
    def targets(self) -> KnownTargets:
        """The bots that requests can be about."""
        return self.work.targets

    async def complete(self, message: Message) -> Message:
        """Return the message with the failure that its files show, if they show one."""
        return await self.attached_failures.name_failure(message)

    async def handle(self, message: Message) -> Reply:
        """Decide what a message asks for, carry it out, and return the reply.

        A decision whose run is not clear is asked back: no decision is guessed. Returns `None` for
        talk, too.
        """
        resolved = await self.questions.resolve_run(message) if _is_plain(message) else message
        if isinstance(resolved, Post):
            return resolved
        handler = self._choose_handler(resolved)
        if handler is None:
            return None
        reply = await handler.perform(await handler.decide(resolved))
        return _offer_correction(reply, resolved)

    async def answer_question(self, request: question.Request) -> str:
        """Return the answer to a question that was asked with a command."""
        return await self.handlers.questions.perform(request)

    async def is_already_done(self, message: Message) -> bool:
        """Return whether the run has already ended as the message asks."""
        endings = self.handlers.endings
        return message.intent in ending.INTENTS and await endings.is_done(message)

    async def ask(self, trigger: Trigger, bot: str | None = None) -> IntakeResult | RequestAnswer:
        """Start work, join the run that does it, or answer. Raises what `WorkRequests.ask` does."""
        return await self.work.ask(trigger, bot)

    async def ask_for_change(
        self, trigger: Trigger, bot: str | None = None
    ) -> ChangeBegun | FeatureRequest:
        """Start a change, or store the feature request. Raises what its handler's `ask` does."""
        return await self.feature_requests.ask(trigger, bot)

    def _choose_handler(self, message: Message) -> KindHandler[Any] | None:
        if message.is_answer:
            return self.handlers.run_answers
        if message.utterance.is_unspecific:
            return self.handlers.unnamed_failures
        if message.utterance.is_unclear_request:
            return self.handlers.unclear_requests
        return self.handlers.by_intent.get(message.intent)


def _offer_correction(reply: Reply, message: Message) -> Reply:
    """Return the answer; with “Not what I meant”, if it asks back what the words of a message mean.

    Questions about an exact decision have no such button: those words mean nothing else.
    """
    if not isinstance(reply, Post) or not reply.buttons or not message.has_text:
        return reply
    asks_version = message.intent is Intent.ROLL_BACK and NOT_NOW in reply.buttons
    if message.is_answer or not (message.intent in _ASKED_BACK or asks_version):
        return reply
    if any(each.action == meanings.ACTION for each in reply.buttons):
        return reply
    return reply.replace(buttons=(*reply.buttons, meanings.build_other_button()))


def _is_plain(message: Message) -> bool:
    """Return whether the grammar found one request, which may name a run."""
    return not message.is_answer and not message.utterance.is_unspecific

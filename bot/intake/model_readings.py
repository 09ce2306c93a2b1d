"""Has a chat model read messages first, within its author's budget; else grammar and table do."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import structlog
from theseus_observe.redaction import redact

from bot.budget.reports import BudgetReports
from bot.domain.errors import AgentError, BudgetSpent, ConfigError, JournalError, Stopped
from bot.domain.guilds import AllowLists
from bot.domain.ids import shorten_id
from bot.domain.intents import Intent, Setting
from bot.domain.journal import FailureGroup
from bot.domain.message_kinds import (
    MOST_FAILURES,
    FailureOption,
    MessageReading,
    MessageToRead,
)
from bot.domain.target import OWN_TARGET
from bot.grammar.likeness import find_fitting_failures
from bot.intake.corrections import Corrections
from bot.intake.message import Message, can_ask
from bot.intake.targets import KnownTarget, KnownTargets
from bot.listener.third_opinion import Hint, build_hint, can_read, combine
from bot.ports.clock import Clock
from bot.ports.message_interpreter import MessageInterpreter
from bot.presentation.failure_labels import format_headline

_PERIOD = timedelta(days=1)
_REST = 60.0  # seconds without a model after it failed: nobody waits for it at each message
_LONGEST, _LONGEST_REPLIED = 2_000, 500
_FAULTS = (Intent.FIX, Intent.INVESTIGATE)
_Options = dict[str, tuple[KnownTarget, FailureGroup]]
_log = structlog.stdlib.get_logger(__name__)


class ModelReadings:
    """Reads what people write to the bot, with a model and without.

    The model starts nothing: what it takes a message for is handled as if its author had said it in
    plain words, with their rights.
    """

    def __init__(
        self,
        interpreter: MessageInterpreter,
        targets: KnownTargets,
        budget: BudgetReports,
        people: AllowLists,
        corrections: Corrections,
        clock: Clock,
    ) -> None:
        self.interpreter = interpreter
        self._targets = targets
        self._budget = budget
        self._people = people
        self._corrections = corrections
        self._clock = clock
        self._rests_until = 0.0

    def build_hint(self, message: Message, setting: Setting) -> Hint | None:
        """Return what the message asks for without a model; `None` if no model may read it.

        People who may not ask for work pay nothing and start nothing. What a person has said that
        this sentence means is known.
        """
        may_read = can_ask(self._people, message.person) and not message.is_explained
        if not may_read or message.is_answer or message.run or message.card or not message.text:
            return None
        text = self._targets.strip_names(message.text)
        if self._corrections.get_meaning(text, message.person) is not None:
            return None
        hint = build_hint(text, setting)
        return hint if can_read(message.utterance, hint, setting) else None

    async def read(
        self, message: Message, setting: Setting, hint: Hint
    ) -> tuple[Message, MessageReading | None]:
        """Return the message with what it asks for, and the reading, if a model could read it.

        If the model is slow, down or over the person's budget, grammar and table alone decide.
        """
        options = await self._list_options(message)
        reading = await self._ask(message, hint, options)
        text = self._targets.strip_names(message.text)
        found = hint.utterance if reading is None else combine(text, setting, hint, reading)
        utterance = self._corrections.apply(text, found, message.person, setting)
        language = reading.language if reading else ""
        message = replace(message, utterance=utterance, found_language=language)
        if reading is not None and reading.failure in options:
            message = _name_failure(message, text, reading.failure, options)
        return message, reading

    async def _ask(self, message: Message, hint: Hint, options: _Options) -> MessageReading | None:
        """Return what the model makes of the message; `None` if it cannot be asked now."""
        now = self._clock.monotonic()
        if now < self._rests_until:
            return None
        replied = redact(message.replied.text)[:_LONGEST_REPLIED] if message.replied else ""
        question = MessageToRead(
            message_id=message.id,
            person_id=message.person.id,
            text=redact(message.text)[:_LONGEST],
            replied=replied,
            hint=hint.kind,
            failures=tuple(
                FailureOption(label=label, summary=_summarise(target, group))
                for label, (target, group) in options.items()
            ),
        )
        try:
            await self._budget.check_chat_budget(message.person)
            async with asyncio.timeout(self.interpreter.seconds):
                return await self.interpreter.read(question)
        except (BudgetSpent, Stopped, ConfigError) as error:
            _log.info("no model reads the message %s: %s", message.id, error)
        except (AgentError, TimeoutError) as error:
            self._rests_until = now + _REST
            _log.warning("no model reads messages for %.0f s: %s", _REST, error or "it was slow")
        return None

    async def _list_options(self, message: Message) -> _Options:
        """Return what failed lately in the bots that the person may ask about, newest first.

        A message that replies to an error, or shows one, names its failure itself.
        """
        if message.error_id or (message.replied and message.replied.error_id):
            return {}
        since = self._clock.now() - _PERIOD
        found: list[tuple[KnownTarget, FailureGroup]] = []
        try:
            for target in self._targets.every:
                if target.is_open_to(message.person):
                    failures = await target.matcher.list_failures(since)
                    found += [(target, group) for group in failures]
        except JournalError as error:
            _log.warning("a model reads without recent failures: %s", error)
        found.sort(key=lambda each: each[1].last_seen, reverse=True)
        return {f"F{number}": each for number, each in enumerate(found[:MOST_FAILURES], start=1)}


def _summarise(target: KnownTarget, group: FailureGroup) -> str:
    name = "" if target.name == OWN_TARGET else f"{target.name}: "
    return redact(f"{name}{format_headline(group)}")


def _name_failure(message: Message, text: str, chosen: str, options: _Options) -> Message:
    """Return the message with the failure that the model has chosen, if words support it.

    A failure that the words name certainly counts, and so does a named command that has not failed.
    If the words only may mean the chosen one, both agree. Otherwise the author is asked.
    """
    utterance = message.utterance
    if utterance.intent not in _FAULTS:
        return message
    target, group = options[chosen]
    others = [each for owner, each in options.values() if owner is target]
    commands = target.matcher.commands()
    by_words = find_fitting_failures(text, others, commands)
    if by_words.certain or by_words.idle:
        return message
    by_subject = find_fitting_failures(utterance.slots.subject, others, commands)
    if group in (*by_words.likely, *by_subject.likely):
        return replace(message, error_id=shorten_id(group.newest.id))
    asked = utterance.replace(is_unspecific=True, recognised=True)
    return replace(message, utterance=asked, recent_failures=(group,))

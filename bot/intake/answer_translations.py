"""Puts the bot's answers into the language of the person who asked, each text once.

A translation decides nothing: what people decide by (cards, questions about a decision) stays
English, and so does everything if no model can translate now.
"""

import asyncio
import hashlib

import structlog
from theseus_observe.redaction import redact

from bot.budget.reports import BudgetReports
from bot.domain.errors import AgentError, BudgetSpent, ConfigError, Stopped
from bot.domain.guilds import AllowLists
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.posts import Button, Post
from bot.domain.translations import LONGEST, StoredTranslation, TextToTranslate, Translation
from bot.intake import decision_questions
from bot.intake.message import can_ask
from bot.ports.answer_translator import AnswerTranslator
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.presentation import meanings
from bot.presentation.translated_texts import TextTemplate, fill_template, split_text

PREFIX = "translation:"
"""What the names of the stored records begin with."""
MOST = 1_000
"""The largest number of stored translations; beyond it the oldest is deleted."""
_REST = 60.0  # seconds without a model after it failed: nobody waits for it at each answer
_HARMLESS = {
    meanings.ACTION: None,
    decision_questions.ACTION: ("fix", "investigate", "nothing"),
}
"""Buttons that decide nothing, by action and first argument; `None`: any."""
_log = structlog.stdlib.get_logger(__name__)


class StoredTranslations:
    """The translations. They may quote people, so a wish to be forgotten empties them all."""

    def __init__(self, key_values: KeyValueStore) -> None:
        self._key_values = key_values

    async def find(self, language: str, template: TextTemplate) -> StoredTranslation | None:
        """Return the translation of that text. Raises `StoreError`."""
        return await self._key_values.get(_build_name(language, template), StoredTranslation)

    async def save(self, language: str, template: TextTemplate, stored: StoredTranslation) -> None:
        """Store a translation. Raises `StoreError`."""
        known = await self._list_names()
        for name in known[: max(0, len(known) - MOST + 1)]:
            await self._key_values.remove(name)
        await self._key_values.put(_build_name(language, template), stored)

    async def count_records(self, _subject: DataSubject) -> int:
        """Return how many there are: nobody knows whom they quote. Raises `StoreError`."""
        return len(await self._list_names())

    async def erase(self, _subject: DataSubject) -> int:
        """Delete them all; they are made again when they are needed. Raises `StoreError`."""
        names = await self._list_names()
        for name in names:
            await self._key_values.remove(name)
        return len(names)

    async def _list_names(self) -> list[str]:
        """Return the names of all records, the oldest first."""
        records = await self._key_values.list_records(PREFIX, StoredTranslation)
        return [f"{PREFIX}{each.id}" for each in sorted(records, key=lambda each: each.at)]


class AnswerTranslations:
    """Translates answers, with a model where no translation is stored."""

    def __init__(
        self,
        translator: AnswerTranslator,
        key_values: KeyValueStore,
        budget: BudgetReports,
        people: AllowLists,
        clock: Clock,
    ) -> None:
        self.translator = translator
        self._stored = StoredTranslations(key_values)
        self._budget = budget
        self._people = people
        self._clock = clock
        self._rests_until = 0.0

    async def find(self, text: str, language: str) -> str | None:
        """Return the text in that language if it is stored; `None` if a model has to be asked.

        Raises `StoreError`.
        """
        template = split_text(text)
        if not template.has_prose or len(template.text) > LONGEST:
            return text
        stored = await self._stored.find(language, template)
        if stored is None:
            return None
        if not stored.text:
            return text
        try:
            return fill_template(template, stored.text)
        except ValueError as error:  # the rules of an earlier version let it pass
            _log.warning("a stored translation into %s is refused: %s", language, error)
            return None

    async def make(
        self, text: str, language: str, person: Person, message_id: int
    ) -> tuple[str, Translation | None]:
        """Return the text in that language, or in English if that fails, and what it cost.

        A translation that fails the checks is stored as none: the model is not asked for it again.
        Raises `StoreError`.
        """
        template = split_text(text)
        question = TextToTranslate(
            message_id=message_id,
            person_id=person.id,
            language=language,
            text=redact(template.text),
        )
        made = await self._ask(question, person)
        if made is None:
            return text, None
        try:
            translated, kept = fill_template(template, made.text), made.text
        except ValueError as error:
            _log.warning("a translation into %s is refused: %s", language, error)
            translated, kept = text, ""
        await self._stored.save(language, template, self._build_record(language, template, kept))
        return translated, made

    def _build_record(self, language: str, template: TextTemplate, text: str) -> StoredTranslation:
        name = _build_name(language, template).removeprefix(PREFIX)
        return StoredTranslation(id=name, text=text, at=self._clock.now())

    async def _ask(self, question: TextToTranslate, person: Person) -> Translation | None:
        """Return the model's translation; `None` if it cannot be asked for this person now."""
        now = self._clock.monotonic()
        if now < self._rests_until or not can_ask(self._people, person):
            return None
        try:
            await self._budget.check_chat_budget(person)
            async with asyncio.timeout(self.translator.seconds):
                return await self.translator.translate(question)
        except (BudgetSpent, Stopped, ConfigError) as error:
            _log.info("an answer stays English: %s", error)
        except (AgentError, TimeoutError) as error:
            self._rests_until = now + _REST
            _log.warning("answers stay English for %.0f s: %s", _REST, error or "it was slow")
        return None


def can_translate(post: Post) -> bool:
    """Return whether nobody decides by this answer: a model may then word it."""
    return bool(post.text) and post.card is None and all(map(_is_harmless, post.buttons))


def _is_harmless(button: Button) -> bool:
    if button.action not in _HARMLESS:
        return False
    allowed = _HARMLESS[button.action]
    return allowed is None or button.arguments[:1] in {(each,) for each in allowed}


def _build_name(language: str, template: TextTemplate) -> str:
    digest = hashlib.sha256(template.text.encode("utf-8", "replace")).hexdigest()
    return f"{PREFIX}{language}:{digest[:32]}"

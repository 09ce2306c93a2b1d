"""Remembers what people said that a sentence means, and reads their later sentences by it."""

import asyncio
import hashlib
from typing import NamedTuple

import structlog
from theseus_observe.redaction import redact

from bot.domain.correction import LONGEST, Correction, Meaning
from bot.domain.errors import StoreError
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent, Setting, Utterance
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.intake.message import can_ask
from bot.listener.corrections import (
    ask_if_different,
    can_correct,
    find_words,
    is_similar,
    normalise,
    obey,
)
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

PREFIX = "correction:"
"""What the names of the stored records begin with."""
MOST = 500
"""The largest number of corrections of all people; beyond it the oldest is deleted."""
_ID = 16  # letters of an id
_log = structlog.stdlib.get_logger(__name__)


class _Known(NamedTuple):
    """A correction, and the words of its sentence."""

    correction: Correction
    words: frozenset[str]


class Corrections:
    """The corrections of people who may ask for work.

    A person's own correction is obeyed. One of somebody else, or of a similar sentence, only makes
    the bot ask: nobody decides what the words of another start.
    """

    def __init__(self, key_values: KeyValueStore, clock: Clock, people: AllowLists) -> None:
        self._key_values = key_values
        self._clock = clock
        self._people = people
        self._writing = asyncio.Lock()
        # They stay in memory: each message is compared with them, and no other process writes them.
        self._known: dict[str, _Known] | None = None

    async def load(self) -> None:
        """Read what is stored, so that no message waits for it.

        If it cannot be read, that is only logged: people must be able to speak to a bot whose state
        fails. The next correction tries again.
        """
        try:
            await self._read()
        except StoreError as error:
            _log.warning("what people corrected cannot be read: %s", error)

    def apply(self, text: str, utterance: Utterance, person: Person, setting: Setting) -> Utterance:
        """Return a parsed message, as it was corrected before; never as a decision."""
        known = self._known
        may_apply = can_correct(utterance, setting) and can_ask(self._people, person)
        if not known or not may_apply:
            return utterance
        sentence = redact(text)
        own = known.get(_build_id(sentence, person.id))
        if own is not None:
            return obey(text, setting, utterance, own.correction.intent)
        words = find_words(sentence)
        similar = [each.correction for each in known.values() if is_similar(words, each.words)]
        if not similar:
            return utterance
        return ask_if_different(utterance, setting, max(similar, key=lambda each: each.at).intent)

    def get_meaning(self, text: str, person: Person) -> Intent | None:
        """Return what the person said that this sentence of theirs means; `None` if nothing."""
        own = (self._known or {}).get(_build_id(redact(text), person.id))
        return own.correction.intent if own else None

    async def remember(
        self, text: str, person: Person, reading: Intent, meaning: Meaning
    ) -> Correction | None:
        """Store what a sentence means, without secrets; `None` without text.

        The caller has asked the policy. Raises `StoreError`.
        """
        sentence = redact(text)
        shown = " ".join(sentence.split())[:LONGEST]
        if not shown:
            return None
        async with self._writing:
            known = await self._read()
            name = _build_id(sentence, person.id)
            earlier = known.get(name)
            is_repeated = earlier is not None and earlier.correction.meaning == meaning
            correction = Correction(
                id=name,
                sentence=shown,
                person_id=person.id,
                reading=reading.value,
                meaning=meaning,
                times=earlier.correction.times + 1 if earlier and is_repeated else 1,
                at=self._clock.now(),
            )
            if earlier is None and len(known) >= MOST:
                oldest = min(known.values(), key=lambda each: each.correction.at)
                await self._drop(known, oldest.correction)
            await self._key_values.put(PREFIX + name, correction)
            known[name] = _Known(correction, find_words(shown))
        return correction

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many corrections the person has made. Raises `StoreError`."""
        return len(await self._list_of(subject))

    async def erase(self, subject: DataSubject) -> int:
        """Delete all corrections of the person; return how many. Raises `StoreError`."""
        async with self._writing:
            found = await self._list_of(subject)
            for correction in found:
                await self._drop(await self._read(), correction)
        return len(found)

    async def _list_of(self, subject: DataSubject) -> list[Correction]:
        known = await self._read()
        corrections = (each.correction for each in known.values())
        return [each for each in corrections if each.person_id == subject.id]

    async def _read(self) -> dict[str, _Known]:
        if self._known is None:
            stored = await self._key_values.list_records(PREFIX, Correction)
            self._known = {each.id: _Known(each, find_words(each.sentence)) for each in stored}
        return self._known

    async def _drop(self, known: dict[str, _Known], correction: Correction) -> None:
        await self._key_values.remove(PREFIX + correction.id)
        known.pop(correction.id, None)


def _build_id(sentence: str, person_id: int) -> str:
    text = f"{person_id}:{normalise(sentence)}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_ID]

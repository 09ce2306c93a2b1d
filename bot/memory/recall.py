"""What users can do with the memory: add notes, search, forget and export them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import OutOfBounds
from bot.domain.history import History
from bot.domain.memory import LONGEST_TEXT, Memory, MemoryKind, Recall, Recalled
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.proposal import Outcome
from bot.domain.run import Run
from bot.memory.note_search import find_notes, search_memories
from bot.memory.ranking import extract_terms, list_search_terms
from bot.memory.recording import MemoryRecorder
from bot.ports.clock import Clock
from bot.ports.meaning_rater import MeaningRater
from bot.ports.memory import MemoryStore
from bot.ports.targets import Targets

_MOST_SHOWN = 10
_KINDS: tuple[MemoryKind, ...] = ("fault", "fix", "lesson", "note")


class Forgotten(Record):
    """The result of a request to forget: the memory that was removed, or the candidates."""

    memory: Memory | None = None
    fitting: tuple[Memory, ...] = ()


@dataclass(frozen=True, eq=False)
class MemoryService:
    """The memory as users access it. Every request is authorised and audited here.

    Without `rater` it is searched by words alone.
    """

    memory: MemoryStore
    targets: Targets
    clock: Clock
    authorizer: Authorizer
    recorder: MemoryRecorder
    rater: MeaningRater | None = None

    async def remember(self, person: Person, text: str) -> Memory:
        """Store a person's note without secrets.

        The same text gives the same note, so it is stored once.

        Raises `NotAuthorized`, `OutOfBounds`, `StoreError`.
        """
        note_text = redact(" ".join(text.split()))
        await self.authorizer.ask(person, Act.STEER, None, f"remember: {note_text}")
        if not note_text:
            raise OutOfBounds("Tell me what to remember: “remember that dice count from 1”.")
        if len(note_text) > LONGEST_TEXT:
            raise OutOfBounds(f"That is too long to remember: at most {LONGEST_TEXT:,} characters.")
        digest = hashlib.sha256(note_text.casefold().encode("utf-8", "replace")).hexdigest()[:8]
        note = Memory(
            key=f"note:{digest}",
            kind="note",
            text=note_text,
            by=redact(person.name)[:100],
            by_id=person.id,
            at=self.clock.now(),
        )
        await self.memory.remember(note)
        return note

    async def forget(self, person: Person, wanted: str) -> Forgotten:
        """Forget the memory with that key, or the only note that contains all these words.

        Nothing is forgotten if several memories match, or if the match is not a note; the
        candidates are returned instead. Raises `NotAuthorized`, `StoreError`.
        """
        wanted = wanted.strip()
        await self.authorizer.ask(person, Act.STEER, None, f"forget: {wanted}")
        target = await self._find_by_key(wanted)
        if target is None:
            fitting = await self._find_by_text(wanted)
            notes = [memory for memory in fitting if memory.kind == "note"]
            if len(notes) != 1 or not _has_all_terms(notes[0], wanted):
                return Forgotten(fitting=fitting)
            target = notes[0]
        removed = await self.memory.forget(target.key)
        return Forgotten(memory=target) if removed else Forgotten()

    async def search(
        self, person: Person, text: str = "", *, limit: int = _MOST_SHOWN, by_meaning: bool = True
    ) -> Sequence[Recalled]:
        """Return the best matches for a text, best first, or the newest memories if it is empty.

        `by_meaning` takes longer, and finds memories that share no word with the text.

        Raises `NotAuthorized`, `StoreError`.
        """
        await self.authorizer.ask(person, Act.READ, None, f"search the memory: {text}")
        rater = self.rater if by_meaning else None
        return await search_memories(self.memory, rater, text, limit)

    async def find_notes(self, person: Person, question: str) -> tuple[Memory, ...]:
        """Return the notes that answer a question, best first; empty if none is about it.

        Raises `NotAuthorized`, `StoreError`.
        """
        await self.authorizer.ask(person, Act.READ, None, f"search the notes: {question}")
        return await find_notes(self.memory, self.rater, question)

    async def export(self, person: Person) -> Sequence[Memory]:
        """Return every memory, oldest first. Raises `NotAuthorized`, `StoreError`."""
        await self.authorizer.ask(person, Act.READ, None, "export the memory")
        return await self.memory.export()

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many memories of all bots are the person's. Raises `StoreError`."""
        return len(await self._list_keys_of(subject))

    async def erase(self, subject: DataSubject) -> int:
        """Forget the person's memories and return how many; the caller has checked the identity.

        Raises `StoreError`.
        """
        found = await self._list_keys_of(subject)
        return sum([await memory.forget(key) for memory, key in found])

    async def _list_keys_of(self, subject: DataSubject) -> list[tuple[MemoryStore, str]]:
        return [
            (ports.memory, each.key)
            for ports in self.targets.list_all()
            for each in await ports.memory.export()
            if each.by_id == subject.id
        ]

    async def remember_rejection(self, run: Run, history: History, why: str) -> None:
        """Remember why people rejected a fix. Errors of the memory are logged, not raised."""
        await self.recorder.remember_rejection(run, history, why)

    async def remember_outcome(self, run: Run, outcome: Outcome) -> None:
        """Remember how a shipped fix turned out. Errors of the memory are logged, not raised."""
        await self.recorder.remember_outcome(run, outcome)

    async def _find_by_key(self, wanted: str) -> Memory | None:
        """Return the memory with that key; the key's kind (`note:`) may be missing."""
        key = wanted.strip("`“”\"' ").lower()
        for full in (key, *(f"{kind}:{key}" for kind in _KINDS)):
            if key and (found := await self.memory.get(full)) is not None:
                return found
        return None

    async def _find_by_text(self, wanted: str) -> tuple[Memory, ...]:
        """Return the memories that contain all the words, or else those that contain some."""
        if not extract_terms(wanted):
            return ()
        found = await self.memory.recall(Recall(text=wanted, limit=_MOST_SHOWN))
        memories = [each.memory for each in found]
        return tuple([each for each in memories if _has_all_terms(each, wanted)] or memories)


def _has_all_terms(memory: Memory, wanted: str) -> bool:
    return set(extract_terms(wanted)) <= set(list_search_terms(memory))

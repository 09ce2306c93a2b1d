"""What people do with the memory: note things, look them up, have them forgotten, take them out."""

import hashlib
from collections.abc import Sequence

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import OutOfBounds
from bot.domain.history import History
from bot.domain.memory import LONGEST_TEXT, Memory, MemoryKind, Recall, Recalled
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.proposal import Outcome
from bot.domain.record import Record
from bot.domain.run import Run
from bot.memory.ranking import extract_terms, is_about, list_search_terms
from bot.memory.recording import MemoryRecorder
from bot.ports.clock import Clock
from bot.ports.memory import MemoryStore
from bot.redaction import redact

_MOST_SHOWN = 10
_KINDS: tuple[MemoryKind, ...] = ("fault", "fix", "lesson", "note")


class Forgotten(Record):
    """What came of a wish to forget: what is gone, or what may have been meant."""

    memory: Memory | None = None
    fitting: tuple[Memory, ...] = ()


class MemoryService:
    """The memory as people use it. Everything they ask is authorised and audited here."""

    def __init__(
        self,
        memory: MemoryStore,
        clock: Clock,
        authorizer: Authorizer,
        recorder: MemoryRecorder,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._authorizer = authorizer
        self._recorder = recorder

    async def remember(self, person: Person, text: str) -> Memory:
        """Keep a person's note, without secrets; the same words again are the same note.

        Raises `NotAuthorized`, `OutOfBounds`, `StoreError`.
        """
        said = redact(" ".join(text.split()))
        await self._authorizer.ask(person, Act.STEER, None, f"remember: {said}")
        if not said:
            raise OutOfBounds("Tell me what to remember: “remember that dice count from 1”.")
        if len(said) > LONGEST_TEXT:
            raise OutOfBounds(f"That is too long to remember: at most {LONGEST_TEXT:,} characters.")
        same = hashlib.sha256(said.casefold().encode("utf-8", "replace")).hexdigest()[:8]
        note = Memory(
            key=f"note:{same}",
            kind="note",
            text=said,
            by=redact(person.name)[:100],
            by_id=person.id,
            at=self._clock.get_time(),
        )
        await self._memory.remember(note)
        return note

    async def forget(self, person: Person, wanted: str) -> Forgotten:
        """Forget the memory of that key, or the one note with all those words.

        Where several fit, or what fits is no note, nothing is forgotten: they are returned. Raises
        `NotAuthorized`, `StoreError`.
        """
        wanted = wanted.strip()
        await self._authorizer.ask(person, Act.STEER, None, f"forget: {wanted}")
        named = await self._find_by_key(wanted)
        if named is None:
            fitting = await self._find_by_text(wanted)
            notes = [memory for memory in fitting if memory.kind == "note"]
            if len(notes) != 1 or not _has_all_terms(notes[0], wanted):
                return Forgotten(fitting=fitting)
            named = notes[0]
        gone = await self._memory.forget(named.key)
        return Forgotten(memory=named) if gone else Forgotten()

    async def search(
        self, person: Person, text: str = "", *, limit: int = _MOST_SHOWN
    ) -> Sequence[Recalled]:
        """Return what fits the words, the best first; without words the newest.

        Raises `NotAuthorized`, `StoreError`.
        """
        await self._authorizer.ask(person, Act.READ, None, f"search the memory: {text}")
        return await self._memory.recall(Recall(text=text, limit=limit))

    async def find_notes(self, person: Person, question: str) -> tuple[Memory, ...]:
        """Return the notes that answer a question, the best first; none where none is about it.

        Raises `NotAuthorized`, `StoreError`.
        """
        await self._authorizer.ask(person, Act.READ, None, f"search the notes: {question}")
        wanted = Recall(text=question, kinds=("note",), limit=_MOST_SHOWN)
        found = await self._memory.recall(wanted)
        return tuple(each.memory for each in found if is_about(each.memory, question))

    async def export(self, person: Person) -> Sequence[Memory]:
        """Return everything, oldest first. Raises `NotAuthorized`, `StoreError`."""
        await self._authorizer.ask(person, Act.READ, None, "export the memory")
        return await self._memory.export()

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many notes are that person's own. Raises `StoreError`."""
        return len(await self._list_note_keys(subject))

    async def erase(self, subject: DataSubject) -> int:
        """Forget those notes; whose they are has been made sure of. Raises `StoreError`."""
        return sum([await self._memory.forget(key) for key in await self._list_note_keys(subject)])

    async def _list_note_keys(self, subject: DataSubject) -> list[str]:
        memories = await self._memory.export()
        return [each.key for each in memories if each.kind == "note" and each.by_id == subject.id]

    async def remember_rejection(self, run: Run, history: History, why: str) -> None:
        """Remember why people did not want a fix. Never raises for the memory's troubles."""
        await self._recorder.remember_rejection(run, history, why)

    async def remember_outcome(self, run: Run, outcome: Outcome) -> None:
        """Remember how a shipped fix turned out. Never raises for the memory's troubles."""
        await self._recorder.remember_outcome(run, outcome)

    async def _find_by_key(self, wanted: str) -> Memory | None:
        """Return the memory of that key, said with its kind or without."""
        key = wanted.strip("`“”\"' ").lower()
        for full in (key, *(f"{kind}:{key}" for kind in _KINDS)):
            if key and (found := await self._memory.get(full)) is not None:
                return found
        return None

    async def _find_by_text(self, wanted: str) -> tuple[Memory, ...]:
        """Return what has all those words; where nothing has, what has some of them."""
        if not extract_terms(wanted):
            return ()
        found = await self._memory.recall(Recall(text=wanted, limit=_MOST_SHOWN))
        memories = [each.memory for each in found]
        return tuple([each for each in memories if _has_all_terms(each, wanted)] or memories)


def _has_all_terms(memory: Memory, wanted: str) -> bool:
    return set(extract_terms(wanted)) <= set(list_search_terms(memory))

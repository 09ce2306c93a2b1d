"""“Ignore”: a person hears no more of an announcement. For others nothing changes."""

from dataclasses import dataclass

from bot.domain.notices import IGNORED_NOTICE, IgnoredNotice, SubjectKind
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.notices.reminders import NoticeReminders
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

_MOST = 200  # of one person; the oldest are dropped


@dataclass(frozen=True, eq=False)
class IgnoredNotices:
    """Stores what each person ignores. It decides nothing, and lasts until “Later”."""

    key_values: KeyValueStore
    reminders: NoticeReminders
    clock: Clock

    async def add(self, person: Person, kind: SubjectKind, subject: str) -> None:
        """Ignore an announcement, and drop its reminder. Raises what `permit` raises."""
        await self.reminders.permit(person, kind, subject)
        await self.reminders.drop(person.id, kind, subject)
        ignored = IgnoredNotice(
            person_id=person.id, kind=kind, subject=subject, at=self.clock.now()
        )
        await self.key_values.put(ignored.key, ignored)
        stored = sorted(await self._list(person.id), key=lambda each: each.at)
        for each in stored[:-_MOST]:
            await self.key_values.remove(each.key)

    async def remove(self, person_id: int, kind: SubjectKind, subject: str) -> None:
        """Let the person hear of it again. Raises `StoreError`."""
        for each in await self._list(person_id):
            if (each.kind, each.subject) == (kind, subject):
                await self.key_values.remove(each.key)

    async def list_runs(self, person_id: int) -> frozenset[str]:
        """Return the ids of the runs that the person ignores. Raises `StoreError`."""
        return frozenset(each.subject for each in await self._list(person_id) if each.kind == "run")

    async def count_records(self, subject: DataSubject) -> int:
        """Return how much the person ignores. Raises `StoreError`."""
        return len(await self._list(subject.id))

    async def erase(self, subject: DataSubject) -> int:
        """Remove what the person ignores; return how much. Raises `StoreError`."""
        stored = await self._list(subject.id)
        for each in stored:
            await self.key_values.remove(each.key)
        return len(stored)

    async def _list(self, person_id: int) -> tuple[IgnoredNotice, ...]:
        return await self.key_values.list_records(f"{IGNORED_NOTICE}{person_id}:", IgnoredNotice)

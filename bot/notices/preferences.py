"""How each person wants to be told; everyone may set that for themselves."""

from dataclasses import dataclass

from bot.domain.notices import NOTICE_SETTINGS, NoticeDelivery, NoticeSettings
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore


@dataclass(frozen=True, eq=False)
class NoticePreferences:
    """The settings in the key-value store, one record a person. All methods raise `StoreError`."""

    key_values: KeyValueStore
    clock: Clock

    async def get(self, person_id: int) -> NoticeSettings:
        """Return a person's settings; the defaults if they have chosen nothing."""
        found = await self.key_values.get(_build_key(person_id), NoticeSettings)
        return found or NoticeSettings(person_id=person_id, changed_at=self.clock.now())

    async def change(
        self,
        person: Person,
        *,
        done: NoticeDelivery | None = None,
        approval: NoticeDelivery | None = None,
        fixed: NoticeDelivery | None = None,
    ) -> NoticeSettings:
        """Store what the person has chosen for themselves, and return all of it."""
        chosen = {"done": done, "approval": approval, "fixed": fixed}
        changes = {name: value for name, value in chosen.items() if value is not None}
        settings = (await self.get(person.id)).replace(**changes)
        if changes:
            settings = settings.replace(changed_at=self.clock.now())
            await self.key_values.put(_build_key(person.id), settings)
        return settings

    async def list_all(self) -> tuple[NoticeSettings, ...]:
        """Return the settings of everyone who has chosen something."""
        return await self.key_values.list_records(NOTICE_SETTINGS, NoticeSettings)

    async def count_records(self, subject: DataSubject) -> int:
        """Return whether the person has settings, as a number."""
        key = _build_key(subject.id)
        return int(await self.key_values.get(key, NoticeSettings) is not None)

    async def erase(self, subject: DataSubject) -> int:
        """Remove the person's settings."""
        count = await self.count_records(subject)
        await self.key_values.remove(_build_key(subject.id))
        return count


def _build_key(person_id: int) -> str:
    return f"{NOTICE_SETTINGS}{person_id}"

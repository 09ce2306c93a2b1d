"""Stores calls that wait for a person, and their answers, for a week."""

from datetime import timedelta

from bot.domain.personal_data import DataSubject
from bot.domain.tools import PendingCall
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

_PREFIX = "tool-call:"
KEPT_DAYS = 7
_WAITS = timedelta(hours=1)


def is_late(pending: PendingCall, clock: Clock) -> bool:
    """Return whether it is too late to decide about the call."""
    return clock.now() - pending.at > _WAITS


class StoredCalls:
    """The stored calls. Every method raises `StoreError`."""

    def __init__(self, key_values: KeyValueStore, clock: Clock) -> None:
        self._key_values = key_values
        self._clock = clock

    async def get(self, call_id: str) -> PendingCall | None:
        """Return the call with that id, if it is stored."""
        return await self._key_values.get(_PREFIX + call_id, PendingCall)

    async def put(self, pending: PendingCall) -> None:
        """Store the call, replacing an earlier record of it."""
        await self._key_values.put(_PREFIX + pending.id, pending)

    async def list_current(self) -> list[PendingCall]:
        """Return the calls of this week; older ones are deleted, late ones marked and left out."""
        kept = []
        for each in await self._key_values.list_records(_PREFIX, PendingCall):
            if self._clock.now() - each.at > timedelta(days=KEPT_DAYS):
                await self._key_values.remove(_PREFIX + each.id)
            elif each.phase == "waiting" and is_late(each, self._clock):
                await self.put(each.replace(phase="expired"))
            else:
                kept.append(each)
        return kept

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many calls the person caused."""
        return len(await self._list_for_person(subject))

    async def erase(self, subject: DataSubject) -> int:
        """Delete the calls that the person caused; return how many there were."""
        found = await self._list_for_person(subject)
        for each in found:
            await self._key_values.remove(_PREFIX + each.id)
        return len(found)

    async def _list_for_person(self, subject: DataSubject) -> list[PendingCall]:
        stored = await self._key_values.list_records(_PREFIX, PendingCall)
        return [each for each in stored if each.person.id == subject.id]

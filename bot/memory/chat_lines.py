"""Counts and erases a person's lines of the stored chat history, for requests about their data."""

from dataclasses import dataclass

from bot.domain.chat import CHAT, Chronicle
from bot.domain.personal_data import DataSubject
from bot.ports.key_value_store import KeyValueStore


@dataclass(frozen=True, eq=False)
class ChatLines:
    """The stored chat lines of all channels. Lines written by an older version have no person."""

    key_values: KeyValueStore

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many lines the person wrote or was answered with. Raises `StoreError`."""
        chronicles = await self.key_values.list_records(CHAT, Chronicle)
        return sum(
            len(each.lines) - len(each.remove_person(subject.id).lines) for each in chronicles
        )

    async def erase(self, subject: DataSubject) -> int:
        """Erase those lines and return how many there were. Raises `StoreError`."""
        count = 0
        for chronicle in await self.key_values.list_records(CHAT, Chronicle):
            remaining = chronicle.remove_person(subject.id)
            if remaining != chronicle:
                await self.key_values.put(f"{CHAT}{chronicle.channel_id}", remaining)
                count += len(chronicle.lines) - len(remaining.lines)
        return count

"""What people said to the bot, and what it answered, as far as somebody has it erased."""

from bot.domain.chat import CHAT, Chronicle
from bot.domain.personal_data import DataSubject
from bot.ports.key_value_store import KeyValueStore


class ChatLines:
    """The lines of all channels. Lines that an older version kept are known to be nobody's."""

    def __init__(self, key_values: KeyValueStore) -> None:
        self._key_values = key_values

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many lines that person said or was answered. Raises `StoreError`."""
        kept = await self._key_values.list_records(CHAT, Chronicle)
        return sum(len(each.lines) - len(each.remove_person(subject.id).lines) for each in kept)

    async def erase(self, subject: DataSubject) -> int:
        """Erase those lines; return how many. Raises `StoreError`."""
        count = 0
        for each in await self._key_values.list_records(CHAT, Chronicle):
            left = each.remove_person(subject.id)
            if left != each:
                await self._key_values.put(f"{CHAT}{each.channel_id}", left)
                count += len(each.lines) - len(left.lines)
        return count

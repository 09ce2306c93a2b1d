"""The port of whatever keeps something of people that can be erased."""

from typing import Protocol

from bot.domain.personal_data import DataSubject


class ErasableData(Protocol):
    """Keeps records of people. Raises `StoreError`."""

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many records are of a person or name them."""
        ...

    async def erase(self, subject: DataSubject) -> int:
        """Erase these records; return how many. Again is harmless."""
        ...

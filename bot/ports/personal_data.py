"""The port of stores with personal data that can be erased."""

from typing import Protocol

from bot.domain.personal_data import DataSubject


class ErasableData(Protocol):
    """Stores records of people. Raises `StoreError`."""

    async def count_records(self, subject: DataSubject) -> int:
        """Return the number of records that are of a person or name them."""
        ...

    async def erase(self, subject: DataSubject) -> int:
        """Erase these records; return how many. A second call is harmless."""
        ...

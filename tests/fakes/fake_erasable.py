"""Records of people in memory."""

from bot.domain.personal_data import DataSubject


class FakeErasable:
    """Implements `bot.ports.personal_data.ErasableData`: `texts` by the ids of people."""

    def __init__(self) -> None:
        self.texts: dict[int, list[str]] = {}

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many records are of that person."""
        return len(self.texts.get(subject.id, ()))

    async def erase(self, subject: DataSubject) -> int:
        """Erase these records."""
        return len(self.texts.pop(subject.id, ()))

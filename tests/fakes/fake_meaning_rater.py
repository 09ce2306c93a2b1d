"""A meaning rater for which texts are close if they share a topic."""

from collections.abc import Sequence

from bot.domain.meanings import LONGEST, MOST, MeaningUnavailable


class FakeMeaningRater:
    """Implements `bot.ports.meaning_rater.MeaningRater`.

    `topics` are sets of words: texts with words of one set are close, others are not. `asked` lists
    the texts that were compared. Set `failure` to raise it.
    """

    description = "a fake"

    def __init__(self, *topics: str) -> None:
        self.topics = [frozenset(each.split()) for each in topics]
        self.asked: list[str] = []
        self.failure: MeaningUnavailable | None = None

    async def rate(self, text: str, others: Sequence[str]) -> tuple[float, ...]:
        """Return 1 for an equal text, 0.6 for one topic and else 0."""
        if self.failure is not None:
            raise self.failure
        if len(others) > MOST:
            raise MeaningUnavailable("too many")
        self.asked.append(text)
        return tuple(self._compare(text[:LONGEST], each[:LONGEST]) for each in others)

    def _compare(self, text: str, other: str) -> float:
        if text == other:
            return 1.0
        return 0.6 if self._find_topics(text) & self._find_topics(other) else 0.0

    def _find_topics(self, text: str) -> set[int]:
        words = set(text.lower().replace("_", " ").split())
        return {number for number, topic in enumerate(self.topics) if topic & words}

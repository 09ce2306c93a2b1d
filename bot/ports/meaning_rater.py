"""The meaning rater port: says how close texts are in meaning."""

from collections.abc import Sequence
from typing import Protocol


class MeaningRater(Protocol):
    """Compares texts by meaning, in several languages. It stores no text.

    What it says is a hint for an order that people choose from: it is never certain.
    """

    @property
    def description(self) -> str:
        """What compares, and where, as text for people."""
        ...

    async def rate(self, text: str, others: Sequence[str]) -> tuple[float, ...]:
        """Return how close each of `others` is to `text`: from -1 to 1, in their order.

        Any text may be passed; of each only the first `bot.domain.meanings.LONGEST` characters
        count. Ends within seconds. Cancelling it leaves nothing behind that answers later calls.

        Raises `MeaningUnavailable`, also if there are more than `bot.domain.meanings.MOST` others.
        """
        ...

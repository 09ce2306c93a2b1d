"""What finds memories by their words, whichever database keeps them."""

from collections.abc import Sequence
from typing import Protocol

from bot.infra.database import SqlConnection


class WordIndex(Protocol):
    """The words of memories, by the memory's number.

    Words have letters and digits of ASCII only; the callers encode all others.
    """

    def add(self, connection: SqlConnection, number: int, words: Sequence[str], kind: str) -> None:
        """Add the words of a new memory, each once."""
        ...

    def remove(self, connection: SqlConnection, number: int) -> None:
        """Remove the words of a memory."""
        ...

    def count(self, connection: SqlConnection, word: str, most: int) -> int:
        """Return how many memories have a word, at most `most`."""
        ...

    def score(
        self, connection: SqlConnection, words: Sequence[str], kinds: Sequence[str], most: int
    ) -> dict[int, float]:
        """Return the BM25 score of the `most` newest memories with any of the words.

        Without `kinds`, those of all kinds.
        """
        ...

    def tidy(self, connection: SqlConnection) -> None:
        """Remove what is left of removed words."""
        ...

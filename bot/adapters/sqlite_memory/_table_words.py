"""The words of memories in a plain table, one row a word and memory: for PostgreSQL.

Its own full-text search has no BM25, so memories would rank otherwise than on SQLite.
"""

import math
from collections.abc import Sequence

from bot.infra.database import SqlConnection

# As in FTS5. Each memory has each word once, so the frequency of a word in a memory is 1.
_K1, _B = 1.2, 0.75
_LEAST_WEIGHT = 1e-6  # of a word that most memories have
_KIND = 1  # FTS5 counts the kind as a word of the memory


class TableWords:
    """Implements `WordIndex` with the tables `memory_words` and `memory_totals`."""

    def add(self, connection: SqlConnection, number: int, words: Sequence[str], kind: str) -> None:
        """Add the words of a new memory."""
        rows = [(word, number, kind, len(words)) for word in words]
        if rows:
            marks = ", ".join("(?, ?, ?, ?)" for _ in rows)
            connection.execute(
                f"INSERT INTO memory_words (word, number, kind, words) VALUES {marks}",  # noqa: S608
                [value for row in rows for value in row],
            )
        _add_to_totals(connection, 1, len(words))

    def remove(self, connection: SqlConnection, number: int) -> None:
        """Remove the words of a memory."""
        removed = connection.execute("DELETE FROM memory_words WHERE number = ?", (number,))
        _add_to_totals(connection, -1, -removed.rowcount)

    def count(self, connection: SqlConnection, word: str, most: int) -> int:
        """Return how many memories have a word, at most `most`."""
        found = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM memory_words WHERE word = ? LIMIT ?) AS found",
            (word, most),
        )
        return int(found.fetchone()[0])

    def score(
        self, connection: SqlConnection, words: Sequence[str], kinds: Sequence[str], most: int
    ) -> dict[int, float]:
        """Return the BM25 score of the `most` newest memories with any of the words."""
        some = f"word IN ({', '.join('?' * len(words))})"
        kind = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        rows = connection.execute(
            f"SELECT word, number, words FROM memory_words WHERE {some} AND number IN ("  # noqa: S608
            f"SELECT DISTINCT number FROM memory_words WHERE {some}{kind}"
            " ORDER BY number DESC LIMIT ?)",
            (*words, *words, *kinds, most),
        ).fetchall()
        if not rows:
            return {}
        total = connection.execute("SELECT memories, words FROM memory_totals").fetchone()
        average = total["words"] / total["memories"] + _KIND
        counts = connection.execute(
            f"SELECT word, count(*) AS found FROM memory_words WHERE {some} GROUP BY word",  # noqa: S608
            words,
        )
        weights = {row["word"]: _weigh(total["memories"], row["found"]) for row in counts}
        scores = dict[int, float]()
        for row in rows:
            length = 1 - _B + _B * (row["words"] + _KIND) / average
            points = weights[row["word"]] * (_K1 + 1) / (1 + _K1 * length)
            scores[row["number"]] = scores.get(row["number"], 0.0) + points
        return scores

    def tidy(self, connection: SqlConnection) -> None:
        """Do nothing: removed rows are gone, and the database's own clean-up does the rest."""


def _add_to_totals(connection: SqlConnection, memories: int, words: int) -> None:
    connection.execute(
        "UPDATE memory_totals SET memories = memories + ?, words = words + ?", (memories, words)
    )


def _weigh(memories: int, found: int) -> float:
    """Return how much a word tells that so many of all memories have."""
    return max(math.log((memories - found + 0.5) / (found + 0.5)), _LEAST_WEIGHT)

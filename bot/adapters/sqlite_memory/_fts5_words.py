"""The words of memories in SQLite's full-text index."""

from collections.abc import Sequence

from bot.infra.database import SqlConnection


class Fts5Words:
    """Implements `WordIndex` with FTS5.

    The index contains only plain letters and digits, so text by people never reaches FTS5 as a
    query.
    """

    def add(self, connection: SqlConnection, number: int, words: Sequence[str], kind: str) -> None:
        """Add the words of a new memory."""
        connection.execute(
            "INSERT INTO memory_words (rowid, words, kind) VALUES (?, ?, ?)",
            (number, " ".join(words), kind),
        )

    def remove(self, connection: SqlConnection, number: int) -> None:
        """Remove the words of a memory."""
        connection.execute("DELETE FROM memory_words WHERE rowid = ?", (number,))

    def count(self, connection: SqlConnection, word: str, most: int) -> int:
        """Return how many memories have a word, at most `most`."""
        found = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM memory_words WHERE memory_words MATCH ? LIMIT ?)",
            (f"words : {_match_any([word])}", most),
        )
        return int(found.fetchone()[0])

    def score(
        self, connection: SqlConnection, words: Sequence[str], kinds: Sequence[str], most: int
    ) -> dict[int, float]:
        """Return the BM25 score of the `most` newest memories with any of the words."""
        query = f"words : ({_match_any(words)})"
        if kinds:
            query += f" AND kind : ({_match_any(kinds)})"
        rows = connection.execute(
            "SELECT rowid, -bm25(memory_words, 1.0, 0.0) AS points FROM memory_words "
            "WHERE memory_words MATCH ? ORDER BY rowid DESC LIMIT ?",
            (query, most),
        )
        return {row["rowid"]: row["points"] for row in rows.fetchall()}

    def tidy(self, connection: SqlConnection) -> None:
        """Rewrite the index, which otherwise keeps removed words for a while."""
        connection.execute("INSERT INTO memory_words (memory_words) VALUES ('optimize')")


def _match_any(terms: Sequence[str]) -> str:
    return " OR ".join(f'"{term}"' for term in terms)

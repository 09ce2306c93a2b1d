"""Stores memories, and finds them by failure and by words.

Words are split and stemmed in `bot.memory.ranking`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import structlog
from pydantic import ValidationError

from bot.adapters.sqlite_memory._fts5_words import Fts5Words
from bot.adapters.sqlite_memory._schema import MIGRATIONS, PLACES
from bot.adapters.sqlite_memory._words import WordIndex
from bot.domain.errors import StoreError
from bot.domain.memory import LONGEST_NAME, LONGEST_TEXT, Memory, MemoryKind, Recall, Recalled
from bot.infra.database import (
    SqlConnection,
    SqlCursor,
    SqlDatabase,
    SqlDatabaseOwner,
    SqlRow,
    stamp,
)
from bot.infra.sqlite import Database, replace_surrogates
from bot.memory.ranking import (
    MOST_ASKED,
    extract_terms,
    list_search_terms,
    score_memory,
    select_best,
)

MOST = 50_000
_KINDS: tuple[MemoryKind, ...] = ("fault", "fix", "lesson", "note")
_MAKE_ROOM = ("fault", "lesson")  # removed in this order
_COMMON = 2_000  # memories with a word; above it, only rarer words are used
_HITS = 1_000  # the newest memories with the words, which are scored
_SLACK = 3  # candidates per wanted result, because words decide among equal ones
_log = structlog.stdlib.get_logger(__name__)


class SqlMemory(SqlDatabaseOwner[SqlDatabase]):
    """Implements `bot.ports.memory.MemoryStore` on a database. Open it before use.

    `redact` removes secrets from every text before it is written. `max_memories` is the limit.
    """

    def __init__(
        self,
        database: SqlDatabase,
        words: WordIndex,
        *,
        redact: Callable[[str], str],
        max_memories: int = MOST,
    ) -> None:
        super().__init__(database)
        self._words = words
        self._redact = redact
        self._max_memories = max_memories

    async def remember(self, memory: Memory) -> None:
        """Store a memory without secrets; one with the same key is replaced."""
        await self.remember_all((memory,))

    async def remember_all(self, memories: Iterable[Memory]) -> None:
        """Store all of them or none. Raises `StoreError` if there is no room."""

        def work(connection: SqlConnection) -> None:
            for memory in memories:
                redacted = _redact_memory(memory, self._redact)
                _drop(connection, self._words, redacted.key)
                _insert(connection, self._words, redacted)
            _make_room(connection, self._words, self._max_memories)

        await self._database.write(work)

    async def recall(self, wanted: Recall) -> Sequence[Recalled]:
        """Return matching memories, best first; with an empty query, the newest."""
        terms = [
            _encode_term(term)
            for term in extract_terms(wanted.text[: LONGEST_TEXT * 2])[:MOST_ASKED]
        ]

        def work(connection: SqlConnection) -> tuple[Recalled, ...]:
            scores = _score_words(connection, self._words, wanted, terms)
            candidates = _iterate_candidates(connection, wanted, scores)
            scored = (score_memory(memory, wanted, scores.get(n, 0.0)) for n, memory in candidates)
            return select_best((memory for memory in scored if memory is not None), wanted.limit)

        return await self._database.read(work)

    async def get(self, key: str) -> Memory | None:
        """Return one memory, or `None`."""
        row = await self._database.read(
            lambda connection: connection.execute(
                "SELECT key, body FROM memories WHERE key = ?", (replace_surrogates(key),)
            ).fetchone()
        )
        return None if row is None else _parse_memory(row)

    async def purge(self) -> None:
        """Remove all traces of forgotten memories; the index of words is rewritten first."""
        await self._database.write(self._words.tidy)
        await super().purge()

    async def forget(self, key: str) -> bool:
        """Remove a memory permanently; return false if there was none."""
        return await self._database.write(
            lambda connection: _drop(connection, self._words, replace_surrogates(key))
        )

    async def export(self) -> Sequence[Memory]:
        """Return all memories, oldest first."""
        return await self._database.read(
            lambda connection: tuple(
                _parse_memory(row)
                for row in connection.execute("SELECT key, body FROM memories ORDER BY at, number")
            )
        )


class SqliteMemory(SqlMemory):
    """The memory in a file of SQLite."""

    def __init__(
        self, path: Path, *, redact: Callable[[str], str], max_memories: int = MOST
    ) -> None:
        database = Database(path, MIGRATIONS, error=StoreError)
        super().__init__(database, Fts5Words(), redact=redact, max_memories=max_memories)


def index_again(connection: SqlConnection, words: WordIndex) -> None:
    """Index the words of all memories, of which none is indexed yet."""
    for row in connection.execute("SELECT number, key, body FROM memories").fetchall():
        _index(connection, words, row["number"], _parse_memory(row))


def _redact_memory(memory: Memory, redact: Callable[[str], str]) -> Memory:
    """Return a memory without secrets; texts that became longer are cut again."""
    longest = {"text": LONGEST_TEXT, "approach": LONGEST_TEXT}
    names = ("text", "approach", "event", "exception", "file", "function", "by")
    texts = {
        name: replace_surrogates(redact(getattr(memory, name)))[: longest.get(name, LONGEST_NAME)]
        for name in names
    }
    return memory.replace(key=replace_surrogates(memory.key), **texts)


def _insert(connection: SqlConnection, words: WordIndex, memory: Memory) -> None:
    connection.execute(
        "INSERT INTO memories (key, kind, fingerprint, function, file, event, standing, at, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            memory.key,
            memory.kind,
            memory.fingerprint or None,
            memory.function or None,
            memory.file or None,
            memory.event or None,
            1 if memory.outcome == "fixed" else -1 if memory.has_failed else 0,
            stamp(memory.at),
            memory.model_dump_json(),
        ),
    )
    row = connection.execute("SELECT number FROM memories WHERE key = ?", (memory.key,)).fetchone()
    _index(connection, words, row["number"], memory)


def _index(connection: SqlConnection, words: WordIndex, number: int, memory: Memory) -> None:
    terms = dict.fromkeys(map(_encode_term, list_search_terms(memory)))
    words.add(connection, number, tuple(terms), memory.kind)


def _drop(connection: SqlConnection, words: WordIndex, key: str) -> bool:
    row = connection.execute("SELECT number FROM memories WHERE key = ?", (key,)).fetchone()
    if row is None:
        return False
    words.remove(connection, row["number"])
    connection.execute("DELETE FROM memories WHERE number = ?", (row["number"],))
    return True


def _make_room(connection: SqlConnection, words: WordIndex, max_memories: int) -> None:
    """Remove the least important memories above the limit. Raises `StoreError`."""
    excess = connection.execute("SELECT count(*) FROM memories").fetchone()[0] - max_memories
    for kind in _MAKE_ROOM:
        if excess <= 0:
            return
        oldest = connection.execute(
            "SELECT key FROM memories WHERE kind = ? ORDER BY at LIMIT ?", (kind, excess)
        ).fetchall()
        for row in oldest:
            _drop(connection, words, row["key"])
            _log.info("the memory is full: %s is forgotten", row["key"])
        excess -= len(oldest)
    if excess > 0:
        raise StoreError(
            f"My memory is full ({max_memories} memories, all notes and fixes). Remove some with "
            "`/memory forget` first."
        )


def _score_words(
    connection: SqlConnection, words: WordIndex, recall: Recall, terms: list[str]
) -> dict[int, float]:
    """Return the word score of each memory: 1 for the best match."""
    rare = _select_rare(connection, words, terms)
    if not rare:
        return {}
    scores = words.score(connection, rare, recall.kinds, _HITS)
    top = max(scores.values(), default=0.0)
    return {number: max(each / top, 0.001) if top else 1.0 for number, each in scores.items()}


def _select_rare(connection: SqlConnection, words: WordIndex, terms: list[str]) -> list[str]:
    """Return the most distinctive words: the rarest ones, up to a total of common ones."""
    counts: list[tuple[int, str]] = []
    for term in dict.fromkeys(terms):
        count = words.count(connection, term, _COMMON + 1)
        if count:
            counts.append((count, term))
    selected: list[str] = []
    room = _COMMON
    for count, term in sorted(counts):
        if selected and count > room:
            break
        selected.append(term)
        room -= count
    return selected


def _encode_term(term: str) -> str:
    """Return the term in letters and digits only, because the index has no other characters."""
    plain = term.isascii() and term.isalnum()
    return term if plain else f"u{term.encode('utf-8', 'replace').hex()}"


def _iterate_candidates(
    connection: SqlConnection, query: Recall, scores: dict[int, float]
) -> Iterator[tuple[int, Memory]]:
    """Yield the memories that may be among the best, by each kind of similarity."""
    numbers = dict.fromkeys(_iterate_near(connection, query))
    by_score = sorted(scores, key=lambda number: (-scores[number], -number))
    numbers.update(dict.fromkeys(by_score[: _SLACK * query.limit]))
    for number in numbers:
        row = connection.execute(
            "SELECT key, body FROM memories WHERE number = ?", (number,)
        ).fetchone()
        if row is not None:
            yield number, _parse_memory(row)


def _iterate_near(connection: SqlConnection, query: Recall) -> Iterator[int]:
    kinds = query.kinds or _KINDS
    if query.is_empty:
        for kind in kinds:
            yield from _iterate_numbers(
                connection.execute(
                    "SELECT number FROM memories WHERE kind = ? ORDER BY at DESC LIMIT ?",
                    (kind, query.limit),
                )
            )
        return
    for column in PLACES:
        value = getattr(query, column)
        for kind in kinds if value else ():
            yield from _iterate_numbers(
                connection.execute(
                    f"SELECT number FROM memories WHERE {column} = ? AND kind = ? "  # noqa: S608
                    "ORDER BY standing DESC, at DESC LIMIT ?",
                    (replace_surrogates(value), kind, _SLACK * query.limit),
                )
            )


def _iterate_numbers(rows: SqlCursor) -> Iterator[int]:
    return (row["number"] for row in rows.fetchall())


def _parse_memory(row: SqlRow) -> Memory:
    try:
        return Memory.model_validate_json(row["body"])
    except ValidationError as error:
        raise StoreError(f"This version of Theseus cannot read the memory {row['key']}.") from error

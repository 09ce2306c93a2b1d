"""The index: the position of each record in the day files. It can be rebuilt from them.

It covers the lines from `low` to `indexed` of each file. It is updated by reading on from these
positions, whichever process wrote the lines: first the newly added lines, then backwards from the
newest line to the oldest. The same code serves a running bot, a first start, and a start after a
kill. Queries read lines that are not indexed yet from the files.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._erasure import is_erased
from bot.adapters.ndjson_journal._files import PORTIONS, Portions, list_sizes
from bot.infra.sqlite_migrations import Migration

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INT64 = 2**63

MIGRATIONS = (
    Migration(
        "0001_records",
        (
            "CREATE TABLE files ("
            "number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, indexed INTEGER NOT NULL)",
            """
            CREATE TABLE records (
                file INTEGER NOT NULL REFERENCES files (number) ON DELETE CASCADE,
                start INTEGER NOT NULL,
                length INTEGER NOT NULL,
                ts INTEGER NOT NULL,
                id TEXT NOT NULL,
                short TEXT NOT NULL,
                event TEXT NOT NULL,
                outcome TEXT NOT NULL,
                channel_id INTEGER,
                fingerprint TEXT,
                PRIMARY KEY (file, start)
            ) WITHOUT ROWID
            """,
            "CREATE INDEX records_by_ts ON records (ts)",
            "CREATE INDEX records_by_short ON records (short)",
            "CREATE INDEX records_by_event ON records (event, ts)",
            "CREATE INDEX failures_by_ts ON records (ts, fingerprint)"
            " WHERE fingerprint IS NOT NULL",
            "CREATE INDEX failures_by_fingerprint ON records (fingerprint, ts)"
            " WHERE fingerprint IS NOT NULL",
            "CREATE TABLE damaged ("
            "file INTEGER NOT NULL REFERENCES files (number) ON DELETE CASCADE, "
            "start INTEGER NOT NULL, length INTEGER NOT NULL, PRIMARY KEY (file, start))",
        ),
    ),
    Migration("0002_from_low", ("ALTER TABLE files ADD COLUMN low INTEGER NOT NULL DEFAULT 0",)),
    Migration(
        "0003_what_went_wrong",
        ("CREATE INDEX wrong_by_outcome ON records (outcome, ts) WHERE outcome <> 'ok'",),
    ),
    Migration(
        # Short ids are random, so inserting them all would rewrite the whole index with each chunk.
        # People see only the short ids of failures.
        "0004_short_ids_of_failures",
        (
            "DROP INDEX records_by_short",
            "CREATE INDEX failures_by_short ON records (short) WHERE fingerprint IS NOT NULL",
        ),
    ),
)


class Damage(NamedTuple):
    """Bytes of a day file that are not a record."""

    file: str
    start: int
    length: int

    def __str__(self) -> str:
        return f"{self.file}: {self.length} bytes at {self.start} are no record"


class IndexProgress(NamedTuple):
    """The result of one indexing step."""

    more: bool
    damaged: tuple[Damage, ...] = ()


class IndexedFile(NamedTuple):
    """The indexed range of a file; `number` is its number in the index, if it has one."""

    number: int | None = None
    low: int = 0
    high: int = 0


def to_microseconds(at: datetime) -> int:
    """Return a time as microseconds since 1970; a naive time counts as UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def catch_up(
    connection: sqlite3.Connection,
    folder: Path,
    *,
    older: bool = True,
    portions: Portions = PORTIONS,
) -> IndexProgress:
    """Index the next chunk of lines; `more` says whether to call again.

    Without `older`, only lines added to known files are indexed, and small new files.
    """
    present, chunk = list_sizes(folder), portions.chunk
    covered = load_covered(connection)
    for name, file in covered.items():
        if present.get(name, -1) < file.high:  # removed or cut: the indexed lines are gone
            connection.execute("DELETE FROM files WHERE number = ?", (file.number,))
            return IndexProgress(more=True)
    for name, size in reversed(present.items()):
        if name in covered and size > covered[name].high:
            step = _forward(connection, folder / name, covered[name], chunk)
            if step is not None:
                return step
    for name, size in reversed(present.items()):
        file = covered.get(name, IndexedFile())
        step = None
        if file.number is None and (older or size <= chunk):
            step = _begin(connection, folder / name, size, chunk)
        elif file.low and older:
            step = _index_backward(connection, folder / name, file, chunk)
        if step is not None:
            return step
    return IndexProgress(more=False)


def load_covered(connection: sqlite3.Connection) -> dict[str, IndexedFile]:
    """Return the indexed range of each file."""
    rows = connection.execute("SELECT name, number, low, indexed FROM files")
    return {row["name"]: IndexedFile(row["number"], row["low"], row["indexed"]) for row in rows}


def find_damage(connection: sqlite3.Connection, folder: Path) -> tuple[Damage, ...]:
    """Return all bytes that are not records, including a torn last line.

    The index must be complete.
    """
    rows = connection.execute(
        "SELECT name, start, length FROM damaged JOIN files ON file = number ORDER BY name, start"
    )
    skipped = [Damage(*row) for row in rows]
    covered = load_covered(connection)
    ends = {name: covered.get(name, IndexedFile()).high for name in list_sizes(folder)}
    torn = [
        Damage(name, ends[name], size - ends[name])
        for name, size in list_sizes(folder).items()
        if size > ends.get(name, size)
    ]
    return tuple(sorted(skipped + torn))


def _begin(
    connection: sqlite3.Connection, path: Path, size: int, max_bytes: int
) -> IndexProgress | None:
    """Index the last lines of a file that is not in the index yet; `None` if it has no lines."""
    start = find_line_start(path, max(size - max_bytes, 0), size)
    chunk = _read_full_lines(path, start, max_bytes)
    if not chunk:
        return None
    inserted = connection.execute(
        "INSERT INTO files (name, low, indexed) VALUES (?, ?, ?)",
        (path.name, start, start + len(chunk)),
    )
    return _index_lines(connection, path.name, inserted.lastrowid, chunk, start)


def _forward(
    connection: sqlite3.Connection, path: Path, file: IndexedFile, max_bytes: int
) -> IndexProgress | None:
    """Index the lines added to a file; `None` if there is no complete line yet."""
    chunk = _read_full_lines(path, file.high, max_bytes)
    if not chunk:
        return None
    connection.execute(
        "UPDATE files SET indexed = ? WHERE number = ?", (file.high + len(chunk), file.number)
    )
    return _index_lines(connection, path.name, file.number, chunk, file.high)


def _index_backward(
    connection: sqlite3.Connection, path: Path, file: IndexedFile, max_bytes: int
) -> IndexProgress:
    """Index the lines before the indexed ones."""
    start = find_line_start(path, max(file.low - max_bytes, 0), file.low)
    with path.open("rb") as open_file:
        open_file.seek(start)
        chunk = open_file.read(file.low - start)
    connection.execute("UPDATE files SET low = ? WHERE number = ?", (start, file.number))
    return _index_lines(connection, path.name, file.number, chunk, start)


def _index_lines(
    connection: sqlite3.Connection, name: str, number: int | None, chunk: bytes, start: int
) -> IndexProgress:
    """Insert the lines of a chunk into the index."""
    rows, broken = [], []
    for offset, line in iterate_lines_at(chunk, start):
        row = parse_columns(line)
        if row is None and is_erased(line):
            continue
        if row is None:
            broken.append(Damage(name, offset, len(line)))
        else:
            rows.append((number, offset, len(line), *row))
    connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO damaged VALUES (?, ?, ?)", [(number, bad.start, bad.length) for bad in broken]
    )
    return IndexProgress(more=True, damaged=tuple(broken))


def find_line_start(path: Path, at: int, end: int) -> int:
    """Return the start of the first line from `at` on, or of the line that contains all of it."""
    with path.open("rb") as file:
        while at > 0:
            file.seek(at - 1)
            newline = file.read(end - at).find(b"\n")  # not the newline at the end of the last line
            if newline >= 0:
                return at + newline
            at = max(2 * at - end, 0)
    return 0


def _read_full_lines(path: Path, start: int, max_bytes: int) -> bytes:
    """Read lines up to a chunk's size, or one longer line.

    A last line without a newline counts if it is a complete record: part of one never parses.
    """
    chunk = b""
    with path.open("rb") as file:
        file.seek(start)
        while b"\n" not in chunk and (block := file.read(max_bytes)):
            chunk += block
    end = chunk.rfind(b"\n") + 1
    if end == 0:
        return b"" if parse_columns(chunk) is None else chunk
    return chunk[:end]


def iterate_lines_at(chunk: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a chunk that begins at `start`, each with its position."""
    for line in chunk.splitlines(keepends=True):
        if line.strip():
            yield start, line.rstrip(b"\r\n")
        start += len(line)


class Columns(NamedTuple):
    """The columns of a record in the index."""

    ts: int
    id: str
    short: str
    event: str
    outcome: str
    channel_id: int | None
    fingerprint: str | None


def parse_columns(line: bytes) -> Columns | None:
    """Return the columns of a line; `None` if it is not a record."""
    try:
        return _parse_columns(line)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _parse_columns(line: bytes) -> Columns:
    fields = json.loads(line)
    record_id, event, outcome = fields["id"], fields["event"], fields["outcome"]
    fingerprint = error["fingerprint"] if (error := fields.get("error")) else None
    for text in (record_id, event, outcome, fingerprint or ""):
        str.encode(text)
    channel_id = fields.get("channel_id")
    known_channel = isinstance(channel_id, int) and -_INT64 <= channel_id < _INT64
    return Columns(
        ts=to_microseconds(datetime.fromisoformat(fields["ts"])),
        id=record_id,
        short=record_id[-8:],
        event=event,
        outcome=outcome,
        channel_id=channel_id if known_channel else None,
        fingerprint=fingerprint,
    )

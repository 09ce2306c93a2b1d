"""The index: where each record stands in the day files. It can always be made again from them.

It is brought up to date by reading on where it stopped, whoever wrote the lines; the same code
serves a running bot, a first start, and a bot that was killed.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.adapters._sqlite import Migration
from bot.adapters.ndjson_journal._files import sizes

CHUNK = 4 * 1024 * 1024

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
)


class Damage(NamedTuple):
    """Bytes of a day file that are no record."""

    file: str
    start: int
    length: int

    def __str__(self) -> str:
        return f"{self.file}: {self.length} bytes at {self.start} are no record"


class Step(NamedTuple):
    """What one step of catching up did."""

    more: bool
    damaged: tuple[Damage, ...] = ()


def microseconds(at: datetime) -> int:
    """Return a time as whole microseconds since 1970; a naive one is taken as UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def catch_up(connection: sqlite3.Connection, folder: Path) -> Step:
    """Index the next few megabytes of lines; `more` says whether to call again."""
    present = sizes(folder)
    known = {
        row["name"]: (row["number"], row["indexed"])
        for row in connection.execute("SELECT name, number, indexed FROM files")
    }
    for name, (number, indexed) in known.items():
        if present.get(name, -1) < indexed:  # gone, or cut: what is indexed is not there any more
            connection.execute("DELETE FROM files WHERE number = ?", (number,))
            return Step(more=True)
    for name, size in present.items():
        number, indexed = known.get(name, (None, 0))
        if size > indexed:
            step = _index_chunk(connection, folder / name, number, indexed)
            if step is not None:
                return step
    return Step(more=False)


def damage(connection: sqlite3.Connection, folder: Path) -> tuple[Damage, ...]:
    """Return all bytes that are no record, a torn last line that nothing follows included."""
    rows = connection.execute(
        "SELECT name, start, length FROM damaged JOIN files ON file = number ORDER BY name, start"
    )
    skipped = [Damage(*row) for row in rows]
    indexed = dict(connection.execute("SELECT name, indexed FROM files").fetchall())
    torn = [
        Damage(name, indexed.get(name, 0), size - indexed.get(name, 0))
        for name, size in sizes(folder).items()
        if size > indexed.get(name, 0)
    ]
    return tuple(sorted(skipped + torn))


def _index_chunk(
    connection: sqlite3.Connection, path: Path, number: int | None, start: int
) -> Step | None:
    """Index lines of one file from `start`; `None` if there is only part of a line as yet."""
    chunk = _whole_lines(path, start)
    if not chunk:
        return None
    if number is None:
        inserted = connection.execute(
            "INSERT INTO files (name, indexed) VALUES (?, 0)", (path.name,)
        )
        number = inserted.lastrowid
    rows, broken = [], []
    for offset, line in _lines(chunk, start):
        try:
            rows.append((number, offset, len(line), *_columns(line)))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            broken.append(Damage(path.name, offset, len(line)))
    connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO damaged VALUES (?, ?, ?)", [(number, bad.start, bad.length) for bad in broken]
    )
    connection.execute(
        "UPDATE files SET indexed = ? WHERE number = ?", (start + len(chunk), number)
    )
    return Step(more=True, damaged=tuple(broken))


def _whole_lines(path: Path, start: int) -> bytes:
    """Read lines up to a chunk's size, or one longer line.

    A last line without a newline counts if it is a whole record: part of one never parses.
    """
    chunk = b""
    with path.open("rb") as file:
        file.seek(start)
        while b"\n" not in chunk and (read := file.read(CHUNK)):
            chunk += read
    end = chunk.rfind(b"\n") + 1
    if end == 0:
        try:
            _columns(chunk)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return b""
        return chunk
    return chunk[:end]


def _lines(chunk: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    for line in chunk.splitlines(keepends=True):
        if line.strip():
            yield start, line.rstrip(b"\r\n")
        start += len(line)


def _columns(line: bytes) -> Sequence[object]:
    """Return the columns of a line; what is no record raises."""
    fields = json.loads(line)
    record_id, event, outcome = fields["id"], fields["event"], fields["outcome"]
    fingerprint = error["fingerprint"] if (error := fields.get("error")) else None
    for text in (record_id, event, outcome, fingerprint or ""):
        str.encode(text)
    channel_id = fields.get("channel_id")
    known_channel = isinstance(channel_id, int) and -_INT64 <= channel_id < _INT64
    return (
        microseconds(datetime.fromisoformat(fields["ts"])),
        record_id,
        record_id[-8:],
        event,
        outcome,
        channel_id if known_channel else None,
        fingerprint,
    )

"""The journal: records are appended directly; a background task indexes them for queries."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ParamSpec, Self, TypeVar

import structlog

from bot.adapters.ndjson_journal import _counts, _follower, _queries, _spans
from bot.adapters.ndjson_journal._erasure import MarkedLine, drop, erase, find_marked
from bot.adapters.ndjson_journal._files import DayFiles, list_sizes, remove_before
from bot.adapters.ndjson_journal._index import (
    MIGRATIONS,
    Damage,
    catch_up,
    find_damage,
    load_covered,
)
from bot.adapters.ndjson_journal._line import Lines
from bot.domain.errors import ConfigError, JournalError
from bot.domain.journal import Action, FailureGroup, JournalQuery
from bot.domain.personal_data import DataSubject
from bot.domain.samples import ActionCount, Sample
from bot.infra.sqlite import Database, WorkArguments
from bot.ports.journal import Followed

BATCH_SECONDS = 0.25  # the index may lag this long: one transaction for many records
_CACHE_KIB = 32 * 1024
_STEPS = 8  # chunks that a query waits for at most

log = structlog.stdlib.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class NdjsonJournal:
    """Implements `bot.ports.journal.Journal` in `state/journal/` and `state/journal.sqlite3`.

    `folder` is where the files are instead. If several machines share it, each one is a `writer`
    with a name of its own.

    `append` works on any thread while the journal is open. The index follows a moment later, on its
    own thread; queries update it first. They never wait for an index of a whole month: lines that
    are not indexed yet are searched in the files, while the index is built in small steps.
    `on_record` receives each record once it is written, on the thread that appends it.
    """

    def __init__(
        self,
        state: Path,
        *,
        redact: Callable[[str], str],
        on_record: Callable[[Action], None] | None = None,
        folder: Path | None = None,
        writer: str = "",
    ) -> None:
        self._on_record = on_record
        self._files = DayFiles(state / "journal" if folder is None else folder, writer)
        self._index = Database(
            state / "journal.sqlite3",
            MIGRATIONS,
            error=JournalError,
            synchronous="NORMAL",
            check=False,
            derived=True,
        )
        self._lines = Lines(redact)
        self._one_writer = threading.Lock()
        self._grown = asyncio.Event()
        self._has_warned = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._follower: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the index (rebuilt if it is damaged) and start updating it."""
        if self._loop is not None:
            return
        await self._open_index()
        await self._index.read(_enlarge_cache)
        self._loop = asyncio.get_running_loop()
        self._follower = self._loop.create_task(self._follow(), name="journal index")
        self._tell()

    async def close(self) -> None:
        """Update the index and close everything; safe to repeat."""
        follower, self._follower = self._follower, None
        if follower is None:
            return
        self._loop = None
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        with contextlib.suppress(JournalError):
            await self._catch_up()  # the rest of an old journal can wait for the next start
        with self._one_writer:
            self._files.close()
        await self._index.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def append(self, action: Action) -> None:
        """Write one record; it is in its day's file when this returns. Raises `JournalError`."""
        if self._loop is None:
            raise JournalError("The journal is not open.")
        line = self._lines.format_line(action)
        at = action.ts if action.ts.tzinfo is UTC else action.ts.astimezone(UTC)
        with self._one_writer:
            self._files.append(at.date().isoformat(), line)
        if not self._has_warned:
            self._tell()
        if self._on_record is not None:
            self._on_record(action)

    async def forget(self, before: date) -> int:
        """Remove the files of the days before `before`; the index is updated later."""
        return await _from_files(remove_before, self._files.folder, before.isoformat())

    async def list_record_ids(self, subject: DataSubject) -> Sequence[str]:
        """Return the ids of all records of a person, from the files."""
        return await _from_files(
            lambda: [marked.id for marked in self._find_marked(subject) if marked.id]
        )

    async def erase(self, subject: DataSubject) -> int:
        """Erase all records of a person from the files and the index; return their number."""
        marked_lines = await _from_files(lambda: list(self._find_marked(subject)))

        def work(index: sqlite3.Connection) -> None:
            erase(marked_lines)
            drop(index, marked_lines)

        try:
            await self._index.write(work)
        except OSError as error:
            raise JournalError(f"I could not erase records: {error}.") from error
        return sum(bool(marked.id) for marked in marked_lines)

    async def purge(self) -> None:
        """Remove all traces of erased records from the index and its side files."""
        await self._index.purge()

    def _find_marked(self, subject: DataSubject) -> Iterator[MarkedLine]:
        return find_marked(self._files.folder, subject.marks)

    async def read(self, query: JournalQuery) -> Sequence[Action]:
        """Return matching records, oldest first; `since` and `until` are inclusive."""
        folder = self._files.folder
        return await self._ask(lambda index: _queries.find_matching(index, folder, query))

    async def get(self, record_id: str) -> Action | None:
        """Return the record with that full or short id, or `None`."""
        folder = self._files.folder
        return await self._ask(lambda index: _queries.find_one(index, folder, record_id))

    async def list_failures(self, *, since: datetime, limit: int = 50) -> Sequence[FailureGroup]:
        """Return failures since then grouped by fingerprint, the most recent group first."""
        folder = self._files.folder
        return await self._ask(lambda index: _queries.list_failures(index, folder, since, limit))

    async def follow(self, cursor: str | None, *, limit: int = 10_000) -> Followed:
        """Return what any process has written after `cursor`, and the next cursor."""
        return await _from_files(_follower.follow, self._files.folder, cursor, limit)

    async def list_samples(
        self, *, since: datetime, until: datetime, event: str | None = None
    ) -> Sequence[Sample]:
        """Return the samples of that time, oldest first, read from the files of its days."""
        return await _from_files(_spans.list_samples, self._files.folder, since, until, event)

    async def count_actions(
        self, *, since: datetime, until: datetime, seconds: int
    ) -> Sequence[ActionCount]:
        """Return the number of actions by time and kind, oldest first."""
        folder = self._files.folder
        return await self._ask(
            lambda index: _counts.count_actions(index, folder, since, until, seconds)
        )

    async def find_damage(
        self, on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> tuple[Damage, ...]:
        """Return the bytes in the day files that are not records (a torn line, an edit).

        Waits until the index is complete; calls `on_progress` with the indexed bytes and the total.
        """
        more = True
        while more:
            more = await self._index_chunk(older=True)
            on_progress(
                *await self._index.read(lambda index: _measure_progress(index, self._files.folder))
            )
        return await self._ask(lambda index: find_damage(index, self._files.folder))

    async def _ask(self, question: WorkArguments[T]) -> T:
        """Run a query on an updated index; rebuild the index if it is damaged."""
        try:
            await self._catch_up()
            return await self._index.read(question)
        except JournalError as error:
            if not _is_damaged(error):
                raise
            await self._index.close()
            await self._rebuild_index(error)
        await self._catch_up()
        return await self._index.read(question)

    async def _open_index(self) -> None:
        try:
            await self._index.open()
        except ConfigError as error:
            if not self._index.path.is_file() or isinstance(
                error.__cause__, sqlite3.OperationalError
            ):
                raise  # a locked or unwritable file is not a damaged one
            await self._rebuild_index(error)

    async def _rebuild_index(self, error: Exception) -> None:
        log.warning("I am rebuilding the journal's index from its files: %s", error)
        for suffix in ("", "-wal", "-shm"):
            self._index.path.with_name(self._index.path.name + suffix).unlink(missing_ok=True)
        await self._index.open()

    def _tell(self) -> None:
        """Wake up the follower, once for each batch."""
        loop = self._loop
        if loop is not None:
            self._has_warned = True
            loop.call_soon_threadsafe(self._grown.set)

    async def _follow(self) -> None:
        """Update the index in batches, and index older lines in between."""
        older = True
        while True:
            if not older:
                await self._grown.wait()
                self._grown.clear()
                await asyncio.sleep(BATCH_SECONDS)
                self._has_warned = False
            try:
                await self._catch_up()
                older = await self._index_and_rest()
            except JournalError as error:
                older = False
                log.warning("The journal's index is behind its files: %s", error)

    async def _index_and_rest(self) -> bool:
        """Index a chunk of older lines, then pause for the same time.

        Return whether there is more. The pause leaves the machine to others.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        more = await self._index_chunk(older=True)
        if more:
            await asyncio.sleep(loop.time() - began)
        return more

    async def _catch_up(self) -> None:
        """Index the recently added lines."""
        with self._one_writer:
            if self._files.has_moved():
                self._files.close()
        for _ in range(_STEPS):
            if not await self._index_chunk(older=False):
                break

    async def _index_chunk(self, *, older: bool) -> bool:
        """Index the next chunk; return whether there is more."""
        folder = self._files.folder
        try:
            step = await self._index.write(lambda index: catch_up(index, folder, older=older))
        except OSError as error:
            raise JournalError(f"The journal cannot be read: {error}.") from error
        for damage in step.damaged:
            log.warning("Journal: %s; I skip them.", damage)
        return step.more


def _measure_progress(connection: sqlite3.Connection, folder: Path) -> tuple[int, int]:
    """Return the number of indexed bytes of the day files, and their total."""
    done = sum(file.high - file.low for file in load_covered(connection).values())
    return done, sum(list_sizes(folder).values())


def _enlarge_cache(index: sqlite3.Connection) -> None:
    """Cache more of a large index in memory, because new records belong to places all over it."""
    index.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


async def _from_files(read: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Read day files on a thread, so that the event loop goes on."""
    try:
        return await asyncio.to_thread(read, *args, **kwargs)
    except OSError as error:
        raise JournalError(f"The journal cannot be read: {error}.") from error


def _is_damaged(error: JournalError) -> bool:
    """Return whether SQLite found the file itself damaged, not just busy or inaccessible."""
    return type(error.__cause__) is sqlite3.DatabaseError

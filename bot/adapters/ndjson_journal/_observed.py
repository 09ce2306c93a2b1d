"""The journal of another bot: what its `theseus_observe` writes or sends, as a journal of ours."""

import asyncio
import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self

import structlog

from bot.adapters.ndjson_journal._files import list_sizes
from bot.adapters.ndjson_journal._journal import NdjsonJournal
from bot.adapters.ndjson_journal._observed_folder import FilePosition, ObservedFolder, Positions
from bot.adapters.ndjson_journal._observed_records import RecordReader
from bot.domain.errors import JournalError
from bot.domain.journal import FAILED, Action, FailureGroup, JournalQuery
from bot.domain.personal_data import DataSubject
from bot.domain.samples import ActionCount, ReceivedRecords, Sample
from bot.ports.clock import Clock
from bot.ports.journal import Followed

_STEP_BYTES = 1024 * 1024  # read at once; where a step ended is stored
_CALL_BYTES = 8 * 1024 * 1024  # read before a query is answered, and at the very first start
_DAY_BYTES = 128 * 1024 * 1024  # stored of a day; then only failures, up to a quarter more
_RESERVE = 1.25
_REMEMBERED_IDS = 50_000
_TAIL_BYTES, _TAIL_FILES = 4 * 1024 * 1024, 3
_ID = re.compile(rb'"id":"([0-9a-z]{26})"')
_RECENT_RECORDS = 200

log = structlog.stdlib.get_logger(__name__)


class ObservedJournal:
    """Implements `bot.ports.journal.Journal` for another bot's records, in a folder of our own.

    Records come from the folder that the bot writes, if there is one, whenever a question is asked;
    and from `receive`. Each is checked, bounded and redacted, and stored once. `state` must be a
    folder that the other bot cannot write.
    """

    def __init__(
        self,
        state: Path,
        clock: Clock,
        *,
        redact: Callable[[str], str],
        keep_days: int,
        folder: ObservedFolder | None = None,
        day_bytes: int = _DAY_BYTES,
    ) -> None:
        self._own = NdjsonJournal(state, redact=redact)
        self._records = state / "journal"
        self._place = state / "position.json"
        self._clock = clock
        self._retention = timedelta(days=keep_days)
        self._reader = RecordReader(redact)
        self._folder = folder
        self._day_bytes = day_bytes
        self._ids: dict[str, None] = {}
        self._one_writer = asyncio.Lock()
        self._positions: Positions | None = None
        self._full_day = ""
        self._is_reported = False

    async def open(self) -> None:
        """Open the records that are stored."""
        await self._own.open()
        self._ids = await asyncio.to_thread(_load_recent_ids, self._records)

    async def close(self) -> None:
        """Close everything; safe to repeat."""
        async with self._one_writer:
            await self._own.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def receive(self, lines: Sequence[bytes]) -> ReceivedRecords:
        """Store the records of lines; one that is stored already is not stored again."""
        async with self._one_writer:
            return await asyncio.to_thread(self._store, lines)

    async def find_running_commit(self) -> str | None:
        """Return the commit that the newest records name, or `None` if none is known."""
        recent = await self.read(JournalQuery(limit=_RECENT_RECORDS))
        return next((each.commit for each in reversed(recent) if each.commit), None)

    def append(self, action: Action) -> None:
        """Write a record of Theseus about this bot. Raises `JournalError`."""
        self._own.append(action)

    async def forget(self, before: date) -> int:
        """Remove the records of all days before that one; return the number of days."""
        return await self._own.forget(before)

    async def list_record_ids(self, subject: DataSubject) -> Sequence[str]:
        """Return the ids of that person's records."""
        return await self._own.list_record_ids(subject)

    async def erase(self, subject: DataSubject) -> int:
        """Erase these records here; the folder of the other bot is not changed."""
        await self._take_folder()
        return await self._own.erase(subject)

    async def purge(self) -> None:
        """Remove all traces of erased records from the index."""
        await self._own.purge()

    async def read(self, query: JournalQuery) -> Sequence[Action]:
        """Return matching records, oldest first; with more than `limit`, the newest ones."""
        await self._take_folder()
        return await self._own.read(query)

    async def get(self, record_id: str) -> Action | None:
        """Return the record with that full or short id, or `None`."""
        await self._take_folder()
        return await self._own.get(record_id)

    async def list_failures(self, *, since: datetime, limit: int = 50) -> Sequence[FailureGroup]:
        """Return failures since then grouped by fingerprint, the most recent group first."""
        await self._take_folder()
        return await self._own.list_failures(since=since, limit=limit)

    async def follow(self, cursor: str | None, *, limit: int = 10_000) -> Followed:
        """Return what was stored after `cursor`, and the next cursor."""
        await self._take_folder()
        return await self._own.follow(cursor, limit=limit)

    async def list_samples(
        self, *, since: datetime, until: datetime, event: str | None = None
    ) -> Sequence[Sample]:
        """Return the samples of that time, oldest first."""
        await self._take_folder()
        return await self._own.list_samples(since=since, until=until, event=event)

    async def count_actions(
        self, *, since: datetime, until: datetime, seconds: int
    ) -> Sequence[ActionCount]:
        """Return the number of actions by time and kind, oldest first."""
        await self._take_folder()
        return await self._own.count_actions(since=since, until=until, seconds=seconds)

    async def _take_folder(self) -> None:
        """Store what the other bot has written since, up to a bound; the rest follows next time.

        A folder that cannot be read is reported once. What is stored can be read all the same.
        """
        if self._folder is None:
            return
        async with self._one_writer:
            try:
                await asyncio.to_thread(self._take_lines, self._folder)
            except OSError as error:
                self._report_once(error)
            else:
                self._is_reported = False

    def _report_once(self, error: OSError) -> None:
        if not self._is_reported:
            self._is_reported = True
            log.warning("The journal of another bot cannot be read: %s.", error)

    def _take_lines(self, folder: ObservedFolder) -> None:
        if self._positions is None:
            self._positions = _load_positions(self._place)
        if self._positions is None:
            self._positions = folder.find_start(_CALL_BYTES)
        left = _CALL_BYTES
        while left > 0:
            found = folder.read(self._positions, _STEP_BYTES)
            self._store(found.lines)
            if found.positions != self._positions:
                _save_positions(self._place, found.positions)
                self._positions = found.positions
            if not found.size:
                break
            left -= found.size

    def _store(self, lines: Iterable[bytes]) -> ReceivedRecords:
        stored = known = refused = omitted = 0
        now = self._clock.now()
        for line in lines:
            action = self._reader.read(line, now=now, oldest=now - self._retention)
            if action is None:
                refused += 1
            elif action.id in self._ids:
                known += 1
            elif not self._has_space(action):
                omitted += 1
            else:
                self._own.append(action)
                self._remember(action.id)
                stored += 1
        return ReceivedRecords(stored, known, refused, omitted)

    def _remember(self, record_id: str) -> None:
        self._ids[record_id] = None
        if len(self._ids) > _REMEMBERED_IDS:
            del self._ids[next(iter(self._ids))]

    def _has_space(self, action: Action) -> bool:
        day = action.ts.astimezone(UTC).date().isoformat()
        try:
            size = (self._records / f"{day}.ndjson").stat().st_size
        except FileNotFoundError:
            return True
        if size > self._day_bytes and day != self._full_day:
            self._full_day = day
            log.warning("%s of another bot is full; only failures still fit.", self._records / day)
        reserve = _RESERVE if action.outcome in FAILED else 1
        return size <= self._day_bytes * reserve


def _load_recent_ids(records: Path) -> dict[str, None]:
    """Return the ids at the ends of the newest files, oldest first."""
    ids: dict[str, None] = {}
    for name in list(list_sizes(records))[-_TAIL_FILES:]:
        with (records / name).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            ids.update(dict.fromkeys(each.decode() for each in _ID.findall(file.read())))
    return ids


def _load_positions(place: Path) -> Positions | None:
    """Return the stored positions; `None` if there are none that can be read."""
    try:
        stored = json.loads(place.read_bytes())
        return {name: FilePosition(**fields) for name, fields in stored.items()}
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError) as error:
        log.warning("%s is damaged, so I read the folder's newest records again: %s", place, error)
        return None


def _save_positions(place: Path, positions: Positions) -> None:
    draft = place.with_name(f"{place.name}.draft")
    fields = {name: dataclasses.asdict(position) for name, position in positions.items()}
    try:
        draft.write_text(json.dumps(fields), encoding="ascii")
        draft.replace(place)
    except OSError as error:
        raise JournalError(f"{place} cannot be written ({error.strerror}).") from error

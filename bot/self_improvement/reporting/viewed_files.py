"""Remembers which files of a proposal a person has viewed."""

import asyncio
from collections.abc import Mapping

from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.viewed_files import ViewedFiles
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

_PREFIX = "viewed:"
MOST_RUNS = 30
"""The number of runs whose ticks are stored of one person; the oldest are dropped."""
_MOST_FILES = 500
_LONGEST = 300  # characters of a path


class ViewedFileService:
    """Stores the ticks of people who look at proposals; they decide nothing."""

    def __init__(self, key_values: KeyValueStore, clock: Clock) -> None:
        self._key_values = key_values
        self._clock = clock
        self._writing = asyncio.Lock()

    async def list_viewed(self, run_id: str, person_id: int) -> Mapping[str, str]:
        """Return the digests of the diffs that the person ticked, by file."""
        stored = await self._key_values.get(_build_name(run_id, person_id), ViewedFiles)
        return stored.files if stored is not None else {}

    async def tick(self, run_id: str, person: Person, file: str, digest: str) -> None:
        """Tick a file as viewed with this digest of its diff; without a digest, untick it."""
        async with self._writing:
            files = dict(await self.list_viewed(run_id, person.id))
            files.pop(file, None)
            if digest and len(file) <= _LONGEST and len(files) < _MOST_FILES:
                files[file] = digest
            ticks = ViewedFiles(
                run_id=run_id, person_id=person.id, files=files, at=self._clock.now()
            )
            await self._key_values.put(_build_name(run_id, person.id), ticks)
            stored = sorted(await self._list_records(person.id), key=lambda each: each.at)
            for old in stored[:-MOST_RUNS]:
                await self._key_values.remove(_build_name(old.run_id, person.id))

    async def count_records(self, subject: DataSubject) -> int:
        """Return the number of proposals in which the person ticked files."""
        return len(await self._list_records(subject.id))

    async def erase(self, subject: DataSubject) -> int:
        """Erase all ticks of a person."""
        async with self._writing:
            stored = await self._list_records(subject.id)
            for each in stored:
                await self._key_values.remove(_build_name(each.run_id, subject.id))
        return len(stored)

    async def _list_records(self, person_id: int) -> tuple[ViewedFiles, ...]:
        return await self._key_values.list_records(f"{_PREFIX}{person_id}:", ViewedFiles)


def _build_name(run_id: str, person_id: int) -> str:
    return f"{_PREFIX}{person_id}:{run_id}"

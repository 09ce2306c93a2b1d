"""Watching the folders of items: edits are gathered until there has been half a second of quiet."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from bot.domain.errors import PortError
from bot.hot_reload.catalog import Catalog

DEBOUNCE_SECONDS = 0.5
_LONGEST_SECONDS = 5.0
"""Somebody who never stops writing is not waited for any longer."""
_STEP_MS = 25
_CHECK_SECONDS = 5.0
_TIMEOUT_MS = 10_000  # between two looks whether the folders are still there
_log = structlog.stdlib.get_logger(__name__)


class FileWatcher:
    """Calls `changed` after edits below the catalog's folders. Never two calls at a time."""

    def __init__(
        self,
        catalog: Catalog,
        changed: Callable[[], Awaitable[object]],
        *,
        debounce: float = DEBOUNCE_SECONDS,
    ) -> None:
        self._catalog = catalog
        self._changed = changed
        self._debounce = debounce
        self._edited = asyncio.Event()
        self._gathering = False
        self.looks = 0

    @property
    def pending(self) -> bool:
        """True if edits were reported and no reload has handled them yet."""
        return self._edited.is_set() or self._gathering

    async def run_forever(self) -> None:
        """Watch until cancelled. What was edited before is looked at first."""
        while True:
            self._edited.set()
            try:
                async with asyncio.TaskGroup() as group:
                    looking = group.create_task(self._look_after_edits())
                    for folders, recursive in self._catalog.folders:
                        group.create_task(self._watch(folders, recursive=recursive))
                    group.create_task(self._watch_for_replacement(looking))
            except* OSError as errors:
                _log.warning("files are not watched, tried again soon: %s", errors.exceptions[0])
            await asyncio.sleep(_CHECK_SECONDS)

    async def _watch(self, folders: Sequence[Path], *, recursive: bool) -> None:
        async for _ in awatch(
            *folders,
            watch_filter=self._is_wanted,
            debounce=4 * _STEP_MS,
            step=_STEP_MS,
            rust_timeout=_TIMEOUT_MS,
            recursive=recursive,
        ):
            self._edited.set()

    async def _watch_for_replacement(self, looking: asyncio.Task[None]) -> None:
        """Raise `OSError` when a folder has been put in the place of a watched one."""
        known = self._read_identities()
        while not looking.done():
            await asyncio.sleep(_CHECK_SECONDS)
            if self._read_identities() != known:
                raise FileNotFoundError("a watched folder is not the one it was")

    def _read_identities(self) -> list[tuple[int, int]]:
        folders = [folder for group, _ in self._catalog.folders for folder in group]
        return [(status.st_dev, status.st_ino) for status in map(Path.stat, folders)]

    async def _look_after_edits(self) -> None:
        while True:
            await self._edited.wait()
            self._gathering = True
            try:
                async with asyncio.timeout(_LONGEST_SECONDS):
                    await self._wait_until_quiet()
            except TimeoutError:
                self._edited.clear()
            await self._look()

    async def _wait_until_quiet(self) -> None:
        """Return after half a second without an edit."""
        while self._edited.is_set():
            self._edited.clear()
            try:
                async with asyncio.timeout(self._debounce):
                    await self._edited.wait()
            except TimeoutError:
                return

    async def _look(self) -> None:
        try:
            await self._changed()
        except (PortError, OSError) as error:
            _log.warning("edited files were not taken on: %s", error)
        self.looks += 1
        self._gathering = False

    def _is_wanted(self, _change: Change, path: str) -> bool:
        return self._catalog.is_relevant(Path(path))

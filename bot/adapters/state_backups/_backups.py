"""Makes backups in a folder one at a time, lists them, and removes superfluous ones."""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from theseus_guard.completion import run_in_thread

from bot.adapters.state_backups._archive import OnBytes
from bot.adapters.state_backups._contents import NAME
from bot.adapters.state_backups._maker import (
    BackupMaker,
    BackupWatch,
    Free,
    clear,
    get_free_bytes,
    lock_in,
)
from bot.domain.backup import Backup, LeftOut, find_superfluous
from bot.domain.errors import StoreError
from bot.infra.file_lock import FileLock, Locked
from bot.ports.clock import Clock

SUFFIX = ".tar.gz"


class StateBackups:
    """Implements `bot.ports.backups.BackupStore` in a folder that only its owner can read.

    `commit` returns the commit of the running code, `free` the free bytes in a folder.
    """

    def __init__(
        self,
        state: Path,
        folder: Path,
        clock: Clock,
        *,
        commit: Callable[[], str | None] = lambda: None,
        free: Free = get_free_bytes,
        elsewhere: Sequence[LeftOut] = (),
    ) -> None:
        self.folder = folder
        self._elsewhere = tuple(elsewhere)
        self._state = state
        self._clock = clock
        self._commit = commit
        self._free = free

    async def take(
        self, into: Path | None = None, on_progress: OnBytes = lambda done, total: None
    ) -> Backup:
        """Make a backup in a thread; `into` is its file, if it should not be in the folder.

        Raises `StoreError`.
        """
        stopped = threading.Event()
        task = asyncio.ensure_future(run_in_thread(self._take, into, stopped, on_progress))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            stopped.set()
            # The thread sees `stopped` soon, and holds the folder's lock until it ends.
            await asyncio.wait([task])
            task.exception()  # retrieved, so that asyncio does not report it as lost
            raise

    async def list_backups(self) -> Sequence[Backup]:
        """Return the backups in the folder. Raises `StoreError`."""
        try:
            return await run_in_thread(list_backups, self.folder)
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be read ({error.strerror}).") from error

    async def prune(self, keep: int, weekly: int) -> int:
        """Remove superfluous backups; return their number. Raises `StoreError`."""
        superfluous = find_superfluous(await self.list_backups(), keep, weekly)
        try:
            for backup in superfluous:
                await run_in_thread(backup.file.unlink, missing_ok=True)
        except OSError as error:
            raise StoreError(f"{error.filename} cannot be removed ({error.strerror}).") from error
        return len(superfluous)

    def _take(self, into: Path | None, stopped: threading.Event, on_bytes: OnBytes) -> Backup:
        folder = self.folder if into is None else into.parent
        at = self._clock.now().astimezone(UTC).replace(microsecond=0)
        without = (self._state / "backups", self.folder, folder)
        maker = BackupMaker(self._state, self._commit(), without, self._elsewhere)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(lock_in(folder)):
                clear(folder)
                target = into or _choose_path(folder, at)
                return maker.make(target, at, BackupWatch(folder, self._free, stopped, on_bytes))
        except Locked as error:
            raise StoreError(
                f"Another backup is being made in {folder}. Please wait for it."
            ) from error
        except (OSError, sqlite3.Error) as error:
            path = getattr(error, "filename", None) or self._state
            reason = getattr(error, "strerror", None) or error
            raise StoreError(
                f"I could not make a backup in {folder}: {path}: {reason}. Free some space, or "
                "give the bot's account permission to read the state and write there."
            ) from error


def list_backups(folder: Path) -> tuple[Backup, ...]:
    """Return the complete backups in a folder, newest first; empty if there is no folder.

    Raises `OSError`.
    """
    backups = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            match = NAME.fullmatch(entry.name)
            if match is None or not entry.is_file(follow_symlinks=False):
                continue
            with contextlib.suppress(ValueError):  # the digits are not a valid time
                at = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
                size = entry.stat(follow_symlinks=False).st_size
                backups.append(Backup(file=Path(entry.path), made_at=at, size=size))
    return tuple(
        sorted(backups, key=lambda backup: (backup.made_at, backup.file.name), reverse=True)
    )


def _choose_path(folder: Path, at: datetime) -> Path:
    """Return a new file name for a backup of that time, with a number if the name is in use."""
    stem = f"theseus-{at:%Y%m%dT%H%M%S}Z"
    names = (f"{stem}{f'-{number}' if number else ''}{SUFFIX}" for number in count())
    return next(folder / name for name in names if not (folder / name).exists())

"""Making one backup: staged, told in a manifest, written beside, and put in place whole."""

import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from bot.adapters.state_backups._archive import ChangedMeanwhile, OnBytes, digest, write_archive
from bot.adapters.state_backups._contents import list_contents
from bot.adapters.state_backups._databases import find_trouble, read_facts
from bot.adapters.state_backups._staged_state import StagedFile, stage_state
from bot.domain.audit import AuditHead
from bot.domain.backup import BackedUpFile, Backup, BackupManifest, LeftOut
from bot.domain.errors import StoreError
from bot.infra.schema_versions import DATABASES
from bot.infra.sqlite_copy import flush

ROOM = 256 * 1024 * 1024
"""Bytes that a backup leaves free: the bot goes on writing."""
_DRAFT = ".theseus-backup"
_TRIES = 3
_LOOK_EVERY = 64  # chunks between two looks at the room there is

Free = Callable[[Path], int]
"""Says how many bytes there is room for in a folder."""


class Interrupted(Exception):
    """Whoever wanted the backup wants it no more."""


def get_free_bytes(folder: Path) -> int:
    """Return how many bytes there is room for."""
    return shutil.disk_usage(folder).free


class BackupWatch:
    """Asked between two pieces of work whether to go on: nobody stopped it, and there is room."""

    def __init__(
        self, folder: Path, free: Free, stopped: threading.Event, on_bytes: OnBytes
    ) -> None:
        self.on_bytes = on_bytes
        self._folder = folder
        self._free = free
        self._stopped = stopped
        self._looks = 0

    def __call__(self) -> None:
        """Raise `Interrupted` or `StoreError` where it does not go on."""
        if self._stopped.is_set():
            raise Interrupted
        self._looks += 1
        if self._looks % _LOOK_EVERY == 0:
            self.need(0)

    def need(self, size: int) -> None:
        """Raise `StoreError` unless so many bytes fit, and enough is left for the bot."""
        free = self._free(self._folder)
        if free - size < ROOM:
            raise StoreError(
                f"There is no room for a backup in {self._folder}: {free / 1e6:,.0f} MB are free, "
                f"it takes {(size + ROOM) / 1e6:,.0f} MB. Make room there, or set backup.folder."
            )


class BackupMaker:
    """Makes archives of one state folder; of folders `without` nothing is in them."""

    def __init__(self, state: Path, commit: str | None, without: Collection[Path]) -> None:
        self._state = state
        self._commit = commit
        self._without = without

    def make(self, target: Path, at: datetime, watch: BackupWatch) -> Backup:
        """Make one. Whoever calls is alone in the target's folder, where drafts are made.

        Blocking. Raises `StoreError`, `Interrupted`, `OSError` and `sqlite3.Error`.
        """
        for _ in range(_TRIES):
            try:
                return self._make(target, at, watch)
            except ChangedMeanwhile:
                continue  # erased, as somebody asked for that, or cut
            finally:
                clear(target.parent)
        raise StoreError(
            f"Files in {self._state} changed while they were copied, {_TRIES} times. Try again."
        )

    def _make(self, target: Path, at: datetime, watch: BackupWatch) -> Backup:
        folder = target.parent
        draft, staging = folder / f"{_DRAFT}.tar", folder / f"{_DRAFT}.files"
        staging.mkdir(mode=0o700)
        contents = list_contents(self._state, self._without)
        watch.need(_measure_size(self._state, (*contents.databases, *contents.files)))
        staged = stage_state(self._state, contents, staging, watch)
        left_out = (*contents.left_out, *staged.left_out)
        manifest, kept = self._build_manifest(staged.files, left_out, at, watch)
        with _create_private(draft) as written:
            write_archive(written, manifest, kept, watch, watch.on_bytes)
        if target.exists():
            raise StoreError(f"{target} is there already. Name another file.")
        draft.replace(target)
        flush(folder)
        return Backup(file=target, made_at=at, size=target.stat().st_size)

    def _build_manifest(
        self,
        staged: Collection[StagedFile],
        left_out: Collection[LeftOut],
        at: datetime,
        watch: BackupWatch,
    ) -> tuple[BackupManifest, list[StagedFile]]:
        """Return the manifest, and the files it names. A cog's database that is broken is not."""
        known: list[BackedUpFile] = []
        kept: list[StagedFile] = []
        not_kept = list(left_out)
        audit: AuditHead | None = None
        for file in staged:
            watch()
            if file.database and (trouble := find_trouble(file.source, thorough=False)):
                if file.name in DATABASES:
                    raise StoreError(f"{self._state / file.name} is damaged: {trouble}.")
                not_kept.append(LeftOut(name=file.name, why=f"it is damaged: {trouble}"))
                continue
            told = BackedUpFile(name=file.name, size=file.size, sha256=digest(file, watch))
            if file.database:
                facts = read_facts(file.source)
                audit = facts.audit if file.name == DATABASES[0] else audit
                told = told.replace(database=True, migrations=facts.migrations, rows=facts.rows)
            known.append(told)
            kept.append(file)
        manifest = BackupManifest(
            made_at=at, commit=self._commit, files=tuple(known), left_out=tuple(not_kept),
            audit=audit,
        )  # fmt: skip
        return manifest, kept


def clear(folder: Path) -> None:
    """Remove the drafts that a backup which ended early left in a folder."""
    (folder / f"{_DRAFT}.tar").unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.rmtree(folder / f"{_DRAFT}.files")


def lock_in(folder: Path) -> Path:
    """Return the file whose lock makes a backup alone in its folder."""
    return folder / f"{_DRAFT}.lock"


@contextmanager
def _create_private(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file for its owner alone; its content is on the disk at the end."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as written:
        yield written
        written.flush()
        os.fsync(written.fileno())


def _measure_size(state: Path, names: Collection[str]) -> int:
    total = 0
    for name in names:
        with suppress(FileNotFoundError):
            total += (state / name).stat().st_size
    return total

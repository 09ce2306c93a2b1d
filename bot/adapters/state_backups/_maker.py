"""Makes one backup: stages the files, writes a manifest and a draft, and moves it into place."""

import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from bot.adapters.state_backups._archive import (
    ChangedMeanwhile,
    OnBytes,
    compute_digest,
    write_archive,
)
from bot.adapters.state_backups._contents import list_contents
from bot.adapters.state_backups._databases import find_trouble, read_facts
from bot.adapters.state_backups._staged_state import StagedFile, stage_state
from bot.domain.audit import AuditHead
from bot.domain.backup import BackedUpFile, Backup, BackupManifest, LeftOut
from bot.domain.errors import StoreError
from bot.infra.schema_versions import DATABASES
from bot.infra.sqlite_copy import flush

ROOM = 256 * 1024 * 1024
"""Bytes that a backup leaves free, because the bot goes on writing."""
_DRAFT = ".theseus-backup"
_TRIES = 3  # each starts again because a file changed meanwhile
_LOOK_EVERY = 64  # chunks between two checks of the free space

Free = Callable[[Path], int]
"""Returns the free bytes in a folder."""


class Interrupted(Exception):
    """The backup was cancelled by its caller."""


def get_free_bytes(folder: Path) -> int:
    """Return the free bytes."""
    return shutil.disk_usage(folder).free


class BackupWatch:
    """Called between pieces of work to check for cancellation and free space."""

    def __init__(
        self, folder: Path, free: Free, stopped: threading.Event, on_bytes: OnBytes
    ) -> None:
        self.on_bytes = on_bytes
        self._folder = folder
        self._free = free
        self._stopped = stopped
        self._looks = 0

    def __call__(self) -> None:
        """Raise `Interrupted` or `StoreError` if the work must stop."""
        if self._stopped.is_set():
            raise Interrupted
        self._looks += 1
        if self._looks % _LOOK_EVERY == 0:
            self.need(0)

    def need(self, size: int) -> None:
        """Raise `StoreError` unless so many bytes fit and `ROOM` stays free."""
        free = self._free(self._folder)
        if free - size < ROOM:
            raise StoreError(
                f"There is not enough space for a backup in {self._folder}: {free / 1e6:,.0f} MB "
                f"are free, and it needs {(size + ROOM) / 1e6:,.0f} MB. Free some space there, or "
                "set backup.folder."
            )


class BackupMaker:
    """Makes archives of one state folder, without the folders `without`.

    State that is kept `elsewhere` is listed as left out.
    """

    def __init__(
        self,
        state: Path,
        commit: str | None,
        without: Collection[Path],
        elsewhere: Sequence[LeftOut] = (),
    ) -> None:
        self._state = state
        self._elsewhere = tuple(elsewhere)
        self._commit = commit
        self._without = without

    def make(self, target: Path, at: datetime, watch: BackupWatch) -> Backup:
        """Make a backup.

        The caller must hold the lock of the target's folder, where drafts are made.

        Blocking. Raises `StoreError`, `Interrupted`, `OSError` and `sqlite3.Error`.
        """
        for _ in range(_TRIES):
            try:
                return self._make(target, at, watch)
            except ChangedMeanwhile:
                continue  # a file was erased on a person's request, or cut
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
        left_out = (*self._elsewhere, *contents.left_out, *staged.left_out)
        manifest, listed = self._build_manifest(staged.files, left_out, at, watch)
        with _create_private(draft) as output:
            write_archive(output, manifest, listed, watch, watch.on_bytes)
        if target.exists():
            raise StoreError(f"{target} already exists. Choose another file.")
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
        """Return the manifest and the files in it, without damaged databases of cogs."""
        entries: list[BackedUpFile] = []
        listed: list[StagedFile] = []
        omitted = list(left_out)
        audit: AuditHead | None = None
        for file in staged:
            watch()
            if file.database and (trouble := find_trouble(file.source, thorough=False)):
                if file.name in DATABASES:
                    raise StoreError(f"{self._state / file.name} is damaged: {trouble}.")
                omitted.append(LeftOut(name=file.name, why=f"it is damaged: {trouble}"))
                continue
            entry = BackedUpFile(name=file.name, size=file.size, sha256=compute_digest(file, watch))
            if file.database:
                facts = read_facts(file.source)
                audit = facts.audit if file.name == DATABASES[0] else audit
                entry = entry.replace(database=True, migrations=facts.migrations, rows=facts.rows)
            entries.append(entry)
            listed.append(file)
        manifest = BackupManifest(
            made_at=at, commit=self._commit, files=tuple(entries), left_out=tuple(omitted),
            audit=audit,
        )  # fmt: skip
        return manifest, listed


def clear(folder: Path) -> None:
    """Remove the drafts of a backup that ended early."""
    (folder / f"{_DRAFT}.tar").unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.rmtree(folder / f"{_DRAFT}.files")


def lock_in(folder: Path) -> Path:
    """Return the lock file that allows only one backup at a time in a folder."""
    return folder / f"{_DRAFT}.lock"


@contextmanager
def _create_private(path: Path) -> Iterator[IO[bytes]]:
    """Create a file that only its owner can read; its content is flushed to disk on exit."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as output:
        yield output
        output.flush()
        os.fsync(output.fileno())


def _measure_size(state: Path, names: Collection[str]) -> int:
    total = 0
    for name in names:
        with suppress(FileNotFoundError):
            total += (state / name).stat().st_size
    return total

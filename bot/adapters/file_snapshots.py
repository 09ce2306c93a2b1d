"""Stores snapshots of cogs' files in folders that only the owner can read."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import structlog
from pydantic import ValidationError
from theseus_guard.completion import run_in_thread

from bot.domain.errors import StoreError
from bot.domain.personal_data import DataSubject
from bot.domain.snapshot import CogSnapshot, is_cog_file
from bot.infra.sqlite_copy import copy_database, is_database
from bot.ports.clock import Clock

T = TypeVar("T")

LARGEST = 16 * 1024 * 1024  # bytes of all files of one snapshot
MOST_OF_ONE = 3  # snapshots of one failure's fingerprint
MOST = 60
PAUSE = timedelta(minutes=1)

_MOST_FILES = 50
_MANIFEST = "snapshot.json"
_SAFE = re.compile(r"[\w-]{1,100}", re.ASCII)
_log = structlog.stdlib.get_logger(__name__)


class FileSnapshots:
    """Implements `bot.ports.traffic.SnapshotStore`: `folder/<fingerprint>/<failure>/`.

    `state` is the folder with cogs' files. For each fingerprint the newest few snapshots are
    stored, and at most one is taken a minute; of all failures, the newest `MOST` are stored.
    """

    def __init__(self, folder: Path, state: Path, clock: Clock, *, largest: int = LARGEST) -> None:
        self._folder = folder
        self._state = state
        self._clock = clock
        self._largest = largest

    async def take(self, cog: str, fingerprint: str, failure_id: str) -> CogSnapshot | None:
        """Copy the cog's files, in a thread. Returns `None` if there is nothing to copy."""
        if not _SAFE.fullmatch(fingerprint) or not _SAFE.fullmatch(failure_id):
            raise StoreError("A snapshot needs its failure's fingerprint and id.")
        return await self._run(lambda: self._take(cog, fingerprint, failure_id))

    async def list_for_failure(self, fingerprint: str) -> Sequence[CogSnapshot]:
        """Return the snapshots of a failure, newest first."""
        return await self._run(lambda: self._list_for_failure(fingerprint))

    async def read_files(self, snapshot: CogSnapshot) -> Mapping[str, bytes]:
        """Return the files of a snapshot by name; empty if it was removed."""
        folder = self._place(snapshot) / "files"
        return await self._run(
            lambda: {
                name: (folder / name).read_bytes()
                for name in snapshot.files
                if (folder / name).is_file()
            }
        )

    async def forget(self, before: datetime) -> int:
        """Remove snapshots older than that; return their number."""

        def work() -> int:
            old = [snapshot for snapshot in self._list_all() if snapshot.at < before]
            for snapshot in old:
                self._remove(snapshot)
            return len(old)

        return await self._run(work)

    async def list_for_person(
        self, subject: DataSubject, failures: Collection[str]
    ) -> Sequence[CogSnapshot]:
        """Return the snapshots of these failures, and those that contain the person's id."""
        marks = (str(subject.id).encode(), subject.id.to_bytes(8, "big"))  # as text; as in SQLite

        def work() -> list[CogSnapshot]:
            return [
                snapshot
                for snapshot in self._list_all()
                if snapshot.failure_id in failures
                or _has_mark(self._place(snapshot) / "files", marks)
            ]

        return await self._run(work)

    async def remove(self, snapshots: Collection[CogSnapshot]) -> None:
        """Remove snapshots; safe to repeat."""

        def work() -> None:
            for snapshot in snapshots:
                with contextlib.suppress(FileNotFoundError):
                    self._remove(snapshot)

        await self._run(work)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await run_in_thread(work)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"I cannot copy the cogs' files to {self._folder} ({type(error).__name__})."
            ) from error

    def _take(self, cog: str, fingerprint: str, failure_id: str) -> CogSnapshot | None:
        now, existing = self._clock.now(), self._list_for_failure(fingerprint)
        if existing and now - existing[0].at < PAUSE:
            return None
        names = sorted(_iterate_files(self._state, cog))[:_MOST_FILES]
        if not names or self._largest <= 0:
            return None
        fits, too_large = _select_fitting(self._state, names, self._largest)
        snapshot = CogSnapshot(
            failure_id=failure_id, fingerprint=fingerprint, cog=cog, at=now,
            files=tuple(fits), left_out=tuple(too_large),
        )  # fmt: skip
        folder = self._place(snapshot)
        try:
            for name in fits:
                target = folder / "files" / name
                _create_private_folder(target.parent, self._folder)
                _copy(self._state / name, target)
            _create_private_folder(folder, self._folder)
            # Last: a folder without a manifest is incomplete, and not read.
            _write(folder / _MANIFEST, snapshot.model_dump_json().encode())
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # One less, because `existing` was listed before the new one.
        for old in existing[MOST_OF_ONE - 1 :]:
            self._remove(old)
        for old in sorted(self._list_all(), key=lambda snapshot: snapshot.at, reverse=True)[MOST:]:
            self._remove(old)
        return snapshot

    def _place(self, snapshot: CogSnapshot) -> Path:
        return self._folder / snapshot.fingerprint / snapshot.failure_id

    def _list_for_failure(self, fingerprint: str) -> list[CogSnapshot]:
        if not _SAFE.fullmatch(fingerprint):
            return []
        snapshots = _iterate_snapshots(self._folder / fingerprint)
        return sorted(snapshots, key=lambda snapshot: snapshot.at, reverse=True)

    def _list_all(self) -> list[CogSnapshot]:
        if not self._folder.is_dir():
            return []
        return [
            snapshot for folder in self._folder.iterdir() for snapshot in _iterate_snapshots(folder)
        ]

    def _remove(self, snapshot: CogSnapshot) -> None:
        folder = self._place(snapshot)
        shutil.rmtree(folder)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # unless it contains other snapshots


def _iterate_snapshots(folder: Path) -> Iterator[CogSnapshot]:
    """Yield the snapshots in a failure's folder; incomplete ones are skipped."""
    for manifest in folder.glob(f"*/{_MANIFEST}"):
        try:
            yield CogSnapshot.model_validate(json.loads(manifest.read_bytes()))
        except (OSError, ValueError, ValidationError):
            _log.warning("a snapshot cannot be read: %s", manifest.parent.name)


def _has_mark(folder: Path, marks: Collection[bytes]) -> bool:
    """Return whether one of the files in a folder contains one of the marks."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return any(mark in file.read_bytes() for file in files for mark in marks)


def _iterate_files(state: Path, cog: str) -> Iterator[str]:
    """Yield the cog's files, relative to the state folder; links are not followed."""
    for entry in state.iterdir():
        if not is_cog_file(entry.name, cog) or entry.is_symlink():
            continue
        if entry.is_file():
            yield entry.name
        elif entry.is_dir():
            inside = (path for path in entry.rglob("*") if path.is_file() and not path.is_symlink())
            yield from (path.relative_to(state).as_posix() for path in inside)


def _select_fitting(state: Path, names: Sequence[str], largest: int) -> tuple[list[str], list[str]]:
    """Return the names that fit, smallest first, and those that do not."""
    fits: list[str] = []
    too_large: list[str] = []
    remaining = largest
    # The small files first, so that one large file does not leave out all others.
    for name in sorted(names, key=lambda file: (state / file).stat().st_size):
        remaining -= (state / name).stat().st_size
        (fits if remaining >= 0 else too_large).append(name)
    return sorted(fits), sorted(too_large)


def _copy(source: Path, target: Path) -> None:
    if is_database(source):
        copy_database(source, target)
    else:
        _write(target, source.read_bytes())


def _create_private_folder(folder: Path, top: Path) -> None:
    """Create a folder under `top`, with its parents, readable by the owner only."""
    for path in (*reversed(folder.parents), folder):
        if path == top or top in path.parents:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)

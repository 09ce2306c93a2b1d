"""Snapshots of cogs' files in folders that only the owner of the process can read."""

import contextlib
import json
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bot.domain.errors import StoreError
from bot.domain.personal_data import DataSubject
from bot.domain.snapshot import CogSnapshot, is_cog_file
from bot.infra.sqlite_copy import copy_database, is_database
from bot.infra.threads import run_in_thread
from bot.ports.clock import Clock

T = TypeVar("T")

LARGEST = 16 * 1024 * 1024  # bytes of all files of one snapshot
MOST_OF_ONE = 3
MOST = 60
PAUSE = timedelta(minutes=1)

_MOST_FILES = 50
_MANIFEST = "snapshot.json"
_SAFE = re.compile(r"[\w-]{1,100}", re.ASCII)
_log = logging.getLogger(__name__)


class FileSnapshots:
    """Implements `bot.ports.traffic.SnapshotStore`: `folder/<fingerprint>/<failure>/`.

    `state` is where cogs keep files. Of a failure that comes again and again the newest few are
    kept, and one a minute at most is taken; of all failures `MOST`, the newest.
    """

    def __init__(self, folder: Path, state: Path, clock: Clock, *, largest: int = LARGEST) -> None:
        self._folder = folder
        self._state = state
        self._clock = clock
        self._largest = largest

    async def take(self, cog: str, fingerprint: str, failure_id: str) -> CogSnapshot | None:
        """Copy the cog's files, in a thread."""
        if not _SAFE.fullmatch(fingerprint) or not _SAFE.fullmatch(failure_id):
            raise StoreError("A snapshot is kept by its failure's fingerprint and id.")
        return await self._run(lambda: self._take(cog, fingerprint, failure_id))

    async def list_for_failure(self, fingerprint: str) -> Sequence[CogSnapshot]:
        """Return the snapshots of a failure, newest first."""
        return await self._run(lambda: self._list_for_failure(fingerprint))

    async def read_files(self, snapshot: CogSnapshot) -> Mapping[str, bytes]:
        """Return what is in one; nothing where it is gone."""
        folder = self._place(snapshot) / "files"
        return await self._run(
            lambda: {
                name: (folder / name).read_bytes()
                for name in snapshot.files
                if (folder / name).is_file()
            }
        )

    async def forget(self, before: datetime) -> int:
        """Remove those older than that."""

        def work() -> int:
            old = [each for each in self._list_all() if each.at < before]
            for each in old:
                self._remove(each)
            return len(old)

        return await self._run(work)

    async def list_for_person(
        self, subject: DataSubject, failures: Collection[str]
    ) -> Sequence[CogSnapshot]:
        """Return those of these failures, and those that hold the person's id."""
        marks = (str(subject.id).encode(), subject.id.to_bytes(8, "big"))  # as text, as in SQLite

        def work() -> list[CogSnapshot]:
            return [
                each
                for each in self._list_all()
                if each.failure_id in failures or _has_mark(self._place(each) / "files", marks)
            ]

        return await self._run(work)

    async def remove(self, snapshots: Collection[CogSnapshot]) -> None:
        """Remove these; again is harmless."""

        def work() -> None:
            for each in snapshots:
                with contextlib.suppress(FileNotFoundError):
                    self._remove(each)

        await self._run(work)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await run_in_thread(work)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The cogs' files cannot be copied to {self._folder} ({type(error).__name__})."
            ) from error

    def _take(self, cog: str, fingerprint: str, failure_id: str) -> CogSnapshot | None:
        now, known = self._clock.get_time(), self._list_for_failure(fingerprint)
        if known and now - known[0].at < PAUSE:
            return None
        own = sorted(_iterate_files(self._state, cog))[:_MOST_FILES]
        if not own or self._largest <= 0:
            return None
        fits, too_large = _select_fitting(self._state, own, self._largest)
        snapshot = CogSnapshot(
            failure_id=failure_id, fingerprint=fingerprint, cog=cog, at=now,
            files=tuple(fits), left_out=tuple(too_large),
        )  # fmt: skip
        place = self._place(snapshot)
        try:
            for name in fits:
                target = place / "files" / name
                _create_private_folder(target.parent, self._folder)
                _copy(self._state / name, target)
            _create_private_folder(place, self._folder)
            _write(place / _MANIFEST, snapshot.model_dump_json().encode())
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        for old in known[MOST_OF_ONE - 1 :]:
            self._remove(old)
        for old in sorted(self._list_all(), key=lambda each: each.at, reverse=True)[MOST:]:
            self._remove(old)
        return snapshot

    def _place(self, snapshot: CogSnapshot) -> Path:
        return self._folder / snapshot.fingerprint / snapshot.failure_id

    def _list_for_failure(self, fingerprint: str) -> list[CogSnapshot]:
        if not _SAFE.fullmatch(fingerprint):
            return []
        found = _iterate_snapshots(self._folder / fingerprint)
        return sorted(found, key=lambda each: each.at, reverse=True)

    def _list_all(self) -> list[CogSnapshot]:
        if not self._folder.is_dir():
            return []
        return [each for folder in self._folder.iterdir() for each in _iterate_snapshots(folder)]

    def _remove(self, snapshot: CogSnapshot) -> None:
        place = self._place(snapshot)
        shutil.rmtree(place)
        with contextlib.suppress(OSError):
            place.parent.rmdir()  # unless others of it are there


def _iterate_snapshots(folder: Path) -> Iterator[CogSnapshot]:
    """Yield what is told of the snapshots in a failure's folder; half of one is none."""
    for told in folder.glob(f"*/{_MANIFEST}"):
        try:
            yield CogSnapshot.model_validate(json.loads(told.read_bytes()))
        except (OSError, ValueError, ValidationError):
            _log.warning("a snapshot cannot be read: %s", told.parent.name)


def _has_mark(folder: Path, marks: Collection[bytes]) -> bool:
    """Whether one of the files in a folder holds one of these."""
    files = (each for each in folder.rglob("*") if each.is_file())
    return any(mark in each.read_bytes() for each in files for mark in marks)


def _iterate_files(state: Path, cog: str) -> Iterator[str]:
    """Yield the cog's files by their names from the state folder; links lead nowhere."""
    for entry in state.iterdir():
        if not is_cog_file(entry.name, cog) or entry.is_symlink():
            continue
        if entry.is_file():
            yield entry.name
        elif entry.is_dir():
            inside = (each for each in entry.rglob("*") if each.is_file() and not each.is_symlink())
            yield from (each.relative_to(state).as_posix() for each in inside)


def _select_fitting(state: Path, names: Sequence[str], largest: int) -> tuple[list[str], list[str]]:
    """Return what fits, the smallest first, and what does not."""
    fits: list[str] = []
    too_large: list[str] = []
    left = largest
    for name in sorted(names, key=lambda each: (state / each).stat().st_size):
        left -= (state / name).stat().st_size
        (fits if left >= 0 else too_large).append(name)
    return sorted(fits), sorted(too_large)


def _copy(source: Path, target: Path) -> None:
    if is_database(source):
        copy_database(source, target)
    else:
        _write(target, source.read_bytes())


def _create_private_folder(folder: Path, top: Path) -> None:
    """Make a folder under `top`, and each on the way, for the owner alone."""
    for each in (*reversed(folder.parents), folder):
        if each == top or top in each.parents:
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            each.chmod(0o700)


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)

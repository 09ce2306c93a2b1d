"""Stages a consistent snapshot of the state, as after a power cut, while the bot goes on.

For some milliseconds all databases of the bot are locked for writing. In that time a snapshot of
each begins, the journal is measured, and the few small files that belong to them are read. So no
database refers to a record, a commit or an entry that is missing in the backup, and none of these
is newer than the rows that refer to it. The snapshots are copied after that, while others write.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from bot.adapters.state_backups._contents import FORGE, JOURNAL, StateContents
from bot.domain.backup import LeftOut
from bot.domain.errors import StoreError
from bot.infra.schema_versions import DATABASES
from bot.infra.sqlite_copy import begin_snapshot, copy_snapshot, open_connection

_OURS_SECONDS = 10.0
_FORGE_SECONDS = 60.0  # the forge fetches and merges within a transaction
_OTHERS_SECONDS = 2.0  # a busy cog must not block the bot's databases
_CHUNK = 1024 * 1024
_STOP = "STOP"
_DATABASE_COMPANIONS = "audit."
_OBJECTS = f"{FORGE}/objects"
# git writes a packed ref to `packed-refs` before it removes the ref's own file.
_REFS_LAST = f"{FORGE}/packed-refs"


class StagedFile(NamedTuple):
    """A file for the archive: the first `size` bytes of `source`."""

    name: str
    source: Path
    size: int
    database: bool = False


class StagedState(NamedTuple):
    """All files for the archive, and the contents that are left out."""

    files: list[StagedFile]
    left_out: list[LeftOut]


def stage_state(
    state: Path, contents: StateContents, staging: Path, go_on: Callable[[], None]
) -> StagedState:
    """Copy changing files into `staging`, and return all files for the archive.

    Files that only grow, or never change, are not copied. Blocking; `go_on` is called now and then,
    and may raise. Raises `StoreError`, `OSError` and `sqlite3.Error`.
    """
    copier = _Copier(state, staging, go_on)
    with ExitStack() as views:
        with _hold_databases(state, contents.databases):
            snapshots = {
                name: view
                for name in contents.databases
                if (view := copier.begin_view(name, views)) is not None
            }
            companions = [name for name in contents.files if name.startswith(_DATABASE_COMPANIONS)]
            copier.take(companions)
            copier.stop()
            # While the databases are locked: a row must not refer to a commit that the backup
            # lacks.
            copier.take(_list_refs(state))
            copier.leave(_list_days(state))
        for name, view in snapshots.items():
            copier.view(name, view)
    staged_names = {*companions, _STOP}
    copier.take([name for name in contents.files if name not in staged_names])
    copier.leave(_list_objects(state))
    return StagedState(sorted(copier.staged), copier.left_out)


class _Copier:
    def __init__(self, state: Path, staging: Path, go_on: Callable[[], None]) -> None:
        self._state = state
        self._staging = staging
        self._go_on = go_on
        self.staged: list[StagedFile] = []
        self.left_out: list[LeftOut] = []

    def take(self, names: Sequence[str]) -> None:
        """Copy files; one that was removed meanwhile is skipped."""
        for name in names:
            target = self._place(name)
            with contextlib.suppress(FileNotFoundError):
                size = self._copy_file(self._state / name, target)
                self.staged.append(StagedFile(name, target, size))

    def stop(self) -> None:
        """Include the emergency stop, whatever its file is: even a folder of that name counts."""
        if os.path.lexists(self._state / _STOP):
            target = self._place(_STOP)
            with contextlib.suppress(OSError):
                self._copy_file(self._state / _STOP, target)
            target.touch(mode=0o600)
            self.staged.append(StagedFile(_STOP, target, target.stat().st_size))

    def leave(self, sizes: Sequence[tuple[str, int]]) -> None:
        """Add the first bytes of files without copying them."""
        self.staged += [StagedFile(name, self._state / name, size) for name, size in sizes]

    def begin_view(self, name: str, views: ExitStack) -> sqlite3.Connection | None:
        """Return a connection with a snapshot, or `None` for a damaged database of a cog."""
        try:
            view = views.enter_context(closing(open_connection(self._state / name, "rw")))
            begin_snapshot(view)
        except sqlite3.Error as error:
            if name in DATABASES:
                raise StoreError(f"{self._state / name} cannot be read: {error}.") from error
            self.left_out.append(LeftOut(name=name, why=f"it cannot be read: {error}"))
            return None
        return view

    def view(self, name: str, view: sqlite3.Connection) -> None:
        """Copy a connection's snapshot of its database."""
        target = self._place(name)
        copy_snapshot(view, target, go_on=self._go_on)
        view.rollback()
        self.staged.append(StagedFile(name, target, target.stat().st_size, database=True))

    def _place(self, name: str) -> Path:
        target = self._staging / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return target

    def _copy_file(self, source: Path, target: Path) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        size = 0
        with source.open("rb") as content, os.fdopen(os.open(target, flags, 0o600), "wb") as output:
            while chunk := content.read(_CHUNK):
                self._go_on()
                size += output.write(chunk)
        return size


@contextmanager
def _hold_databases(state: Path, databases: Sequence[str]) -> Iterator[None]:
    """Lock the databases for writing; a cog's database only if it is free soon."""
    with ExitStack() as stack:
        for name in sorted(databases, key=_get_timeout, reverse=True):
            seconds = _get_timeout(name)
            connection = stack.enter_context(
                closing(open_connection(state / name, "rw", seconds=seconds))
            )
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if name in DATABASES:
                    way_out = "Try again."
                    if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                        way_out = "It is damaged: `theseus restore FILE` restores a backup."
                    raise StoreError(
                        f"{state / name} cannot be locked ({error}). {way_out}"
                    ) from error
        yield


def _get_timeout(name: str) -> float:
    """Return how long to wait for a database. The slowest is locked first, before any other."""
    if name not in DATABASES:
        return _OTHERS_SECONDS
    return _FORGE_SECONDS if name.startswith("forge.") else _OURS_SECONDS


def _list_days(state: Path) -> list[tuple[str, int]]:
    """Return the journal's files with their current sizes."""
    folder = state / JOURNAL
    if folder.is_symlink() or not folder.is_dir():
        return []
    sizes = [(file.name, file.lstat().st_size) for file in folder.glob("*.ndjson")]
    return [(f"{JOURNAL}/{name}", size) for name, size in sorted(sizes)]


def _list_refs(state: Path) -> list[str]:
    """Return the forge's files except objects: its refs and settings."""
    return sorted(_forge_files(state, objects=False), key=lambda name: (name == _REFS_LAST, name))


def _list_objects(state: Path) -> list[tuple[str, int]]:
    """Return the forge's objects with sizes, including all that the refs read before refer to.

    Git writes a pack before it removes the loose objects, so packs are listed last.
    """
    sizes = []
    for name in sorted(
        _forge_files(state, objects=True), key=lambda name: ("/pack/" in name, name)
    ):
        with contextlib.suppress(FileNotFoundError):
            sizes.append((name, (state / name).stat().st_size))
    return sizes


def _forge_files(state: Path, *, objects: bool) -> Iterator[str]:
    top = state / (_OBJECTS if objects else FORGE)
    if (state / FORGE).is_symlink():
        return
    for current, folders, files in os.walk(top):
        inside = Path(current).relative_to(state)
        if not objects:
            folders[:] = [name for name in folders if inside / name not in _NOT_OF_THE_FORGE]
        else:
            folders.sort()  # `pack` sorts after the folders of loose objects
        for file in files:
            if not file.endswith(".lock") and not file.startswith("tmp_"):
                yield (inside / file).as_posix()


_NOT_OF_THE_FORGE = {Path(_OBJECTS), Path(FORGE, "worktrees"), Path(FORGE, "hooks")}

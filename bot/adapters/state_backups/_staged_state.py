"""One moment of the state: what a power cut would have left then, while everything goes on.

For some milliseconds nobody may write to the bot's databases. In that time a view of each of them
begins, the journal is measured, and the few small files that go with them are read. So no database
names a record, a commit or an entry that is not in the backup, and none of these is ahead of what
it belongs to. The views are copied after that, beside whoever writes.
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
_FORGE_SECONDS = 60.0  # it fetches and merges within a transaction
_OTHERS_SECONDS = 2.0
_CHUNK = 1024 * 1024
_STOP = "STOP"
_DATABASE_COMPANIONS = "audit."
_OBJECTS = f"{FORGE}/objects"
# A ref that is packed meanwhile is in `packed-refs` before its own file goes.
_REFS_LAST = f"{FORGE}/packed-refs"


class StagedFile(NamedTuple):
    """A file as it goes into the archive: the first `size` bytes of `source`."""

    name: str
    source: Path
    size: int
    database: bool = False


class StagedState(NamedTuple):
    """All that goes into the archive, and what of the contents does not."""

    files: list[StagedFile]
    left_out: list[LeftOut]


def stage_state(
    state: Path, contents: StateContents, staging: Path, go_on: Callable[[], None]
) -> StagedState:
    """Copy what changes into `staging`, and return all that goes into the archive.

    What only grows, or never changes, is left where it is. Blocking; `go_on` is called now and
    then, and may raise. Raises `StoreError`, `OSError` and `sqlite3.Error`.
    """
    copier = _Copier(state, staging, go_on)
    with ExitStack() as views:
        with _hold_databases(state, contents.databases):
            seen = {
                name: view
                for name in contents.databases
                if (view := copier.begin_view(name, views)) is not None
            }
            early = [each for each in contents.files if each.startswith(_DATABASE_COMPANIONS)]
            copier.take(early)
            copier.stop()
            copier.take(_list_refs(state))
            copier.leave(_list_days(state))
        for name, view in seen.items():
            copier.view(name, view)
    done = {*early, _STOP}
    copier.take([name for name in contents.files if name not in done])
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
        """Copy files; one that is gone meanwhile is none."""
        for name in names:
            target = self._place(name)
            with contextlib.suppress(FileNotFoundError):
                size = self._copy_file(self._state / name, target)
                self.staged.append(StagedFile(name, target, size))

    def stop(self) -> None:
        """Keep the emergency stop, whatever stands by its name: a folder stops as well."""
        if os.path.lexists(self._state / _STOP):
            target = self._place(_STOP)
            with contextlib.suppress(OSError):
                self._copy_file(self._state / _STOP, target)
            target.touch(mode=0o600)
            self.staged.append(StagedFile(_STOP, target, target.stat().st_size))

    def leave(self, sizes: Sequence[tuple[str, int]]) -> None:
        """Take so many bytes of files, from where they are."""
        self.staged += [StagedFile(name, self._state / name, size) for name, size in sizes]

    def begin_view(self, name: str, views: ExitStack) -> sqlite3.Connection | None:
        """Return a connection that sees this moment; a cog's database that is broken has none."""
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
        """Copy what a connection sees of its database."""
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
        with source.open("rb") as read, os.fdopen(os.open(target, flags, 0o600), "wb") as written:
            while chunk := read.read(_CHUNK):
                self._go_on()
                size += written.write(chunk)
        return size


@contextmanager
def _hold_databases(state: Path, databases: Sequence[str]) -> Iterator[None]:
    """Hold the databases so that nobody writes to them; of a cog's, only if it is free soon."""
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
                        way_out = "It is damaged: `theseus restore FILE` brings a backup back."
                    raise StoreError(
                        f"{state / name} cannot be held for a moment ({error}). {way_out}"
                    ) from error
        yield


def _get_timeout(name: str) -> float:
    """Return how long to wait for a database; who takes longest comes first, while none is held."""
    if name not in DATABASES:
        return _OTHERS_SECONDS
    return _FORGE_SECONDS if name.startswith("forge.") else _OURS_SECONDS


def _list_days(state: Path) -> list[tuple[str, int]]:
    """Return the journal's files with how much is in them now."""
    folder = state / JOURNAL
    if folder.is_symlink() or not folder.is_dir():
        return []
    sizes = [(each.name, each.lstat().st_size) for each in folder.glob("*.ndjson")]
    return [(f"{JOURNAL}/{name}", size) for name, size in sorted(sizes)]


def _list_refs(state: Path) -> list[str]:
    """Return the forge's files that are no objects: what its names stand for, and settings."""
    return sorted(_forge_files(state, objects=False), key=lambda name: (name == _REFS_LAST, name))


def _list_objects(state: Path) -> list[tuple[str, int]]:
    """Return the forge's objects with their sizes: all that the names read before can mean.

    Whoever packs objects writes the pack, then removes them; packs are looked at last.
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
    for here, folders, files in os.walk(top):
        inside = Path(here).relative_to(state)
        if not objects:
            folders[:] = [each for each in folders if inside / each not in _NOT_OF_THE_FORGE]
        else:
            folders.sort()  # `pack` comes after the folders of loose objects
        for file in files:
            if not file.endswith(".lock") and not file.startswith("tmp_"):
                yield (inside / file).as_posix()


_NOT_OF_THE_FORGE = {Path(_OBJECTS), Path(FORGE, "worktrees"), Path(FORGE, "hooks")}

"""Temporary copies of the workspace for commands, so checks never write to the worktree."""

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Generic, TypeVar

from theseus_guard.completion import run_in_thread

from bot.domain.errors import VerifierError
from bot.infra.removal import remove_tree
from bot.infra.reused_copies import ReusedCopy
from bot.ports.workspace import Workspace

T = TypeVar("T")
_STALE_SECONDS = 24 * 3600  # longer than any check: an older folder is left over
_SPARES = 3  # of base and of two changes


def is_copied(root: Path, path: Path) -> bool:
    """Return whether copies of the workspace at `root` contain this file or folder."""
    return _is_ordinary(path) and not _is_compiled(path.name) and path != root / ".git"


def _is_compiled(name: str) -> bool:
    """Return whether Python would run this file instead of the source next to it.

    Such files are not copied, because people and models read only the sources.
    """
    return name == "__pycache__" or name.endswith((".pyc", ".pyo"))


def _remove(place: Path) -> None:
    with contextlib.suppress(OSError):
        remove_tree(place)


def _is_ordinary(path: Path) -> bool:
    return path.is_symlink() or path.is_dir() or path.is_file()


class Once(Generic[T]):
    """Creates a value at the first call, and returns the same value to all callers."""

    def __init__(self, make: Callable[[], Awaitable[T]]) -> None:
        self._make = make
        self._turn = asyncio.Lock()
        self._made: list[T] = []

    async def __call__(self) -> T:
        """Return the value."""
        async with self._turn:
            if not self._made:
                self._made.append(await self._make())
            return self._made[0]


class Scratch:
    """Creates a temporary folder for each command under `folder`, and removes it afterwards.

    The last copies are stored in `copies` beside it, and are brought up to date for the next ones.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copies = folder.with_name("copies")
        self._spares: list[tuple[str, ReusedCopy]] = []

    def _reap(self) -> None:
        """Remove folders of a killed bot."""
        own = {copy.tree for _, copy in self._spares}
        for folder in (self._folder, self._copies):
            folder.mkdir(parents=True, exist_ok=True)
            for leftover in set(folder.iterdir()) - own:
                with contextlib.suppress(FileNotFoundError):  # another check has just ended
                    if time.time() - leftover.lstat().st_mtime > _STALE_SECONDS:
                        _remove(leftover)

    @asynccontextmanager
    async def open_copy(self, workspace: Workspace, *, at_base: bool) -> AsyncIterator[Path]:
        """Create a folder whose `tree` holds base's files, or the workspace's current ones.

        The folder is removed on exit. Raises `VerifierError`.
        """
        await run_in_thread(self._reap)
        scratch_folder = Path(tempfile.mkdtemp(dir=self._folder))
        copy = self._take_spare(kind := workspace.base if at_base else "")
        try:
            copy.move_to(scratch_folder / "tree")
            if at_base:
                if await run_in_thread(copy.clear_unless_complete):
                    await workspace.export_base(copy.tree)
                await run_in_thread(copy.seal)
            else:
                try:
                    wanted = partial(is_copied, workspace.path)
                    await run_in_thread(copy.update, workspace.path, wanted)
                except (OSError, shutil.Error, RecursionError) as error:
                    raise VerifierError(
                        f"{workspace.path} cannot be copied: {error}. Is the disk full?"
                    ) from error
            yield scratch_folder
        finally:
            await self._store(kind, copy)
            await run_in_thread(_remove, scratch_folder)

    def _take_spare(self, kind: str) -> ReusedCopy:
        for at, (stored, copy) in enumerate(self._spares):
            if stored == kind:
                del self._spares[at]
                return copy
        return ReusedCopy(self._copies / secrets.token_hex(8))

    async def _store(self, kind: str, copy: ReusedCopy) -> None:
        """Store a copy, and remove the one that was used longest ago if there are too many."""
        try:
            await run_in_thread(copy.move_to, self._copies / secrets.token_hex(8))
            await run_in_thread(copy.clear)  # what a command left may be large, or deep
        except OSError:
            return  # it is removed with the folder of the command
        self._spares.append((kind, copy))
        if len(self._spares) > _SPARES:
            await run_in_thread(_remove, self._spares.pop(0)[1].tree)


def write_inside(tree: Path, file: str, text: str) -> str | None:
    """Write a file under `tree`, replacing an existing one; return why it failed, or `None`.

    A branch may contain a link in place of a folder; such links are not followed.
    """
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        return f"{file} is not a path inside the repository"
    folder = tree
    for part in path.parts[:-1]:
        folder /= part
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            return f"{folder.relative_to(tree)} is not a folder here"
        folder.mkdir(exist_ok=True)
    target = folder / path.name
    if target.is_dir() and not target.is_symlink():
        return f"{file} is a folder here"
    target.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(target, flags, 0o644), "w", encoding="utf-8") as opened:
        opened.write(text)
    return None

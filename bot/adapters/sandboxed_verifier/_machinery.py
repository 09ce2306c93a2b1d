"""Restores base's version of everything that decides how checks run: no change judges itself.

Configuration, start-up files and plugins are restored. Tests keep their own `conftest.py`, but
reproductions use base's, with which they failed. The tree comes first on Python's path, so a new
top-level file with the name of a standard or installed module would be imported in its place: such
files are removed.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from theseus_guard import INSTALLED, SETTINGS, is_installed
from theseus_guard.source_folders import find_source_folder

from bot.adapters.sandboxed_verifier._scratch import write_inside
from bot.ports.workspace import Workspace

CONFTEST = "conftest.py"
_STARTED = frozenset({"sitecustomize", "usercustomize"})


def _is_machinery(file: str, *, conftest: bool) -> bool:
    """Return whether a file, by its path in the tree, decides how checks run."""
    path = PurePosixPath(file)
    if path.name in SETTINGS or path.suffix == ".pth" or (conftest and path.name == CONFTEST):
        return True
    return any(part.endswith(INSTALLED) for part in path.parts) or _get_top_name(path) in _STARTED


def _get_top(path: PurePosixPath) -> PurePosixPath:
    """Return the outermost folder of a file below its source folder, or the file itself."""
    return PurePosixPath(*path.parts[: len(find_source_folder(path).parts) + 1])


def _get_top_name(path: PurePosixPath) -> str:
    """Return the top-level module name of a source file, or ""."""
    top = _get_top(path)
    return (top.stem if top == path else top.name) if path.suffix == ".py" else ""


def _find_impostors(tree: Path, new: frozenset[str]) -> Iterator[str]:
    """Yield new sources that would be imported in place of a standard or installed module.

    A package that already existed keeps its name, whatever is installed.
    """
    for path in map(PurePosixPath, new):
        name, top = _get_top_name(path), _get_top(path)
        if name and is_installed(name) and not (_list_files(tree, tree / top) - new):
            yield str(path)


def _list_files(tree: Path, place: Path) -> set[str]:
    return {
        Path(folder, name).relative_to(tree).as_posix()
        for folder, _, files in os.walk(place)
        for name in files
    }


def _find_machinery(tree: Path, *, conftest: bool) -> Iterator[str]:
    """Yield such files in a tree, including links and ignored files; links are not followed."""
    for folder, folders, files in os.walk(tree):
        for name in (*files, *folders):
            file = Path(folder, name).relative_to(tree).as_posix()
            if _is_machinery(file, conftest=conftest):
                yield file


class Machinery:
    """Restores base's files. Each of base's files is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str | None] = {}

    async def restore(self, tree: Path, workspace: Workspace, *, conftest: bool) -> None:
        """Restore base's files in a copy of the worktree, with `conftest` also `conftest.py`."""
        changes = await workspace.list_changes()
        deleted = {
            change.path
            for change in changes
            if change.status == "deleted" and _is_machinery(change.path, conftest=conftest)
        }
        new = frozenset(change.path for change in changes if change.status in ("added", "renamed"))
        impostors = await asyncio.to_thread(lambda: set(_find_impostors(tree, new)))
        for file in sorted({*_find_machinery(tree, conftest=conftest), *deleted, *impostors}):
            text = await self._read_base(file, workspace)
            if text is None:
                _remove(tree / file)
            else:
                write_inside(tree, file, text)

    async def _read_base(self, file: str, workspace: Workspace) -> str | None:
        key = workspace.base, file
        if key not in self._known:
            self._known[key] = await workspace.read_base(file)
        return self._known[key]


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()


async def select_present_at_base(files: Sequence[str], workspace: Workspace) -> list[str]:
    """Return the files that also exist at base."""
    return [file for file in files if await workspace.read_base(file) is not None]

"""Copies of a folder that are used again: the next copy writes only what differs.

Whatever ran in a copy may have changed any of its files. What differs from the copy's seal is
removed before it is used again. Creating a file costs a hundred times what looking at one costs.
"""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.infra.removal import remove_tree
from bot.infra.seal import Mark, Seal, build_mark

_SETTLED_NS = 2 * 10**9


class ReusedCopy:
    """A copy below `tree`, created when it is first written. Blocking; it has one user at a time.

    A source that was changed within the last `settled_ns` is written again the next time: it may
    change once more within the same tick of the file system's clock.
    """

    def __init__(self, tree: Path, *, settled_ns: int = _SETTLED_NS) -> None:
        self.tree = tree
        self._settled_ns = settled_ns
        self._seal: Seal | None = None
        self._sources: dict[str, Mark] = {}

    def update(self, source: Path, is_copied: Callable[[Path], bool]) -> None:
        """Make the copy equal to `source`, as far as its files and folders are wanted.

        Raises `OSError` and `shutil.Error`.
        """
        there, sources = self.clear(), dict[str, Mark]()
        wanted = dict(_iterate_wanted(source, is_copied))
        for name in there - set(wanted):  # before anything is written: no link is followed
            _remove(self.tree / name)
        for name, status in wanted.items():
            target, mark = self.tree / name, build_mark(status)
            if stat.S_ISDIR(status.st_mode):
                _open_folder(target)
                continue
            if time.time_ns() - status.st_ctime_ns > self._settled_ns:
                sources[name] = mark
            if name not in there or self._sources.get(name) != mark:
                _remove(target)
                shutil.copy2(source / name, target, follow_symlinks=False)
        for name, status in reversed(wanted.items()):
            if stat.S_ISDIR(status.st_mode):
                shutil.copystat(source / name, self.tree / name)
        shutil.copymode(source, self.tree)
        self._sources = sources
        self.seal()

    def clear_unless_complete(self) -> bool:
        """Remove what was changed; if anything is missing then, empty it and return `True`."""
        there = self.clear()
        if self._seal is not None and self._seal.names == there:
            return False
        self._start()
        return True

    def seal(self) -> None:
        """Remember the files as they are, after they were written by others."""
        self._seal = Seal(self.tree)

    def move_to(self, to: Path) -> None:
        """Move the copy, if it is there; its date is that of the last move.

        Raises `OSError` if it is no folder any more.
        """
        if not os.path.lexists(self.tree):  # not written yet, or removed by others
            self._seal = None
        if self._seal is not None:
            self.tree.rename(to)
            if to.is_symlink() or not to.is_dir():
                self._seal = None
                raise NotADirectoryError(to)
            os.utime(to)
        self.tree = to

    def clear(self) -> set[str]:
        """Remove what was changed since the last copy, or all if the rest cannot be used.

        Return the names of what is left.
        """
        left = None if self._seal is None else self._seal.remove_changes(self.tree)
        if left is None:
            self._start()
        return left or set()

    def _start(self) -> None:
        _remove(self.tree)
        self.tree.mkdir()
        self._seal, self._sources = None, {}


def _iterate_wanted(
    source: Path, is_copied: Callable[[Path], bool]
) -> Iterator[tuple[str, os.stat_result]]:
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(source / inside) as entries:
            for entry in entries:
                if not is_copied(Path(entry.path)):
                    continue
                name = f"{inside}/{entry.name}" if inside else entry.name
                yield name, entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)


def _open_folder(target: Path) -> None:
    """Create a folder, or let its owner write into the one that is there."""
    if target.is_symlink() or not target.is_dir():
        _remove(target)
        target.mkdir()
    target.chmod(stat.S_IRWXU)


def _remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    elif os.path.lexists(path):
        path.unlink()

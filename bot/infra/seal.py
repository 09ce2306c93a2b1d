"""Finds what has changed in a folder since a moment, without reading any file.

The kernel sets a file's change time when its content, name, links or rights change. A program can
set the other times of a file, but this one only by setting the machine's clock.
"""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.infra.removal import remove_tree

Mark = tuple[int, int, int, int, int, int]


class Seal:
    """The state of a folder's content when the seal was made. Blocking: use it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._marks = {name: build_mark(status) for name, status in iterate_content(folder)}

    @property
    def names(self) -> set[str]:
        """The files and folders, relative to the folder, which is not among them."""
        return set(self._marks) - {""}

    def remove_changes(self, folder: Path) -> set[str] | None:
        """Remove what is new or was changed; return the names of the rest, `None` if it is useless.

        The folder itself may have been moved. Of a folder in it, only the names may have changed:
        other rights or attributes would apply to what is written there next.
        """
        try:
            content = list(iterate_content(folder))
            if not _is_plain(folder, content[0][1], self._marks[""]):
                return None
            left, gone = set[str](), tuple[str, ...]()
            for name, status in content[1:]:
                mark, path = self._marks.get(name), folder / name
                if name.startswith(gone):
                    continue
                if not stat.S_ISDIR(status.st_mode):
                    if mark == build_mark(status):
                        left.add(name)
                    else:
                        path.unlink()
                elif mark == build_mark(status) or (mark and _is_plain(path, status, mark)):
                    left.add(name)
                else:
                    remove_tree(path)
                    gone += (f"{name}/",)
        except OSError:
            return None
        return left


def iterate_content(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the folder itself, named "", then all below it; folders before what is in them."""
    yield "", folder.lstat()
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(folder / inside) as entries:
            for entry in entries:
                name = f"{inside}/{entry.name}" if inside else entry.name
                yield name, entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)


def build_mark(status: os.stat_result) -> Mark:
    """Return what is different after each change of a file or folder."""
    return (
        status.st_mode,
        status.st_uid,
        status.st_gid,
        status.st_ino,
        status.st_size,
        status.st_ctime_ns,
    )


def _is_plain(folder: Path, status: os.stat_result, mark: Mark) -> bool:
    """Return whether a folder has the rights and owner it had, and no attributes."""
    if (status.st_mode, status.st_uid, status.st_gid) != mark[:3]:
        return False
    return sys.platform == "linux" and not os.listxattr(folder, follow_symlinks=False)

"""Reads new lines of a folder that another program writes, and may replace while it is read.

Neither its files nor their content are trusted: links, pipes and huge lines are left out, and one
call reads a bounded part.
"""

import contextlib
import itertools
import os
import re
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._observed_records import LONGEST_LINE

_NAME = re.compile(r"\d{4}-\d\d-\d\d\.ndjson")
_MOST_ENTRIES, _MOST_FILES = 10_000, 100
_MARKED = 64  # bytes at the start of a file and before a position, which identify both
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True)
class FilePosition:
    """How far a file was read. `mark` is the checksum of its first and last bytes until there.

    `is_inside` is true if the position is inside of a line that is left out.
    """

    end: int = 0
    mark: str = ""
    is_inside: bool = False


Positions = Mapping[str, FilePosition]


class NewLines(NamedTuple):
    """Complete lines in the order of their files, where to continue, and the bytes read."""

    lines: list[bytes]
    positions: Positions
    size: int


class ObservedFolder:
    """Reads `YYYY-MM-DD.ndjson` files. `root` is a folder that it must not leave by links."""

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self._folder = folder
        self._root = root

    def find_start(self, most_bytes: int) -> Positions:
        """Return the positions from which the newest bytes of the folder are read, that many."""
        positions = {}
        with self._open_folder() as folder:
            for name in reversed(_list_names(folder)):
                with _open_file(folder, name) as file:
                    if file is not None:
                        size = os.fstat(file).st_size
                        end = max(size - most_bytes, 0)
                        positions[name] = _find_position(file, end)
                        most_bytes -= size - end
        return positions

    def read(self, positions: Positions, most_bytes: int) -> NewLines:
        """Return the lines after the positions, oldest file first. Raises `OSError`.

        `most_bytes` is more than a line may have.

        A folder that does not exist has no lines. A file that was cut or replaced is read again
        from its start.
        """
        lines: list[bytes] = []
        found: dict[str, FilePosition] = {}
        left = most_bytes
        with self._open_folder() as folder:
            for name in _list_names(folder):
                position = positions.get(name, FilePosition())
                with _open_file(folder, name) as file:
                    if file is not None:
                        position, left = _read_file(file, position, left, lines)
                found[name] = position
        return NewLines(lines, found, most_bytes - left)

    @contextlib.contextmanager
    def _open_folder(self) -> Iterator[int | None]:
        folder = self._folder.resolve()
        if self._root is not None and not folder.is_relative_to(self._root.resolve()):
            raise OSError(f"{self._folder} leads out of {self._root}")
        try:
            descriptor = os.open(
                folder, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY
            )
        except FileNotFoundError:
            yield None
            return
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _list_names(folder: int | None) -> list[str]:
    if folder is None:
        return []
    with os.scandir(folder) as entries:
        some = itertools.islice(entries, _MOST_ENTRIES)
        return sorted(each.name for each in some if _NAME.fullmatch(each.name))[-_MOST_FILES:]


@contextlib.contextmanager
def _open_file(folder: int | None, name: str) -> Iterator[int | None]:
    """Open a plain file; yield `None` for anything else, and for a file that is gone."""
    try:
        file = os.open(name, _FLAGS, dir_fd=folder)
    except OSError:
        yield None  # removed since it was listed, a link, or not readable
        return
    try:
        yield file if stat.S_ISREG(os.fstat(file).st_mode) else None
    finally:
        os.close(file)


def _read_file(
    file: int, position: FilePosition, most_bytes: int, lines: list[bytes]
) -> tuple[FilePosition, int]:
    """Add complete lines to `lines`; return the new position, and how many bytes may follow."""
    size = os.fstat(file).st_size
    if size < position.end or position.mark != _compute_mark(file, position.end):
        position = FilePosition()
    end, is_inside = position.end, position.is_inside
    while most_bytes > LONGEST_LINE and end < size:
        block = os.pread(file, LONGEST_LINE + 1, end)
        newline = block.rfind(b"\n")
        if not block or (newline < 0 and len(block) <= LONGEST_LINE and not is_inside):
            break  # the line is still being written
        if newline < 0:
            is_inside = True
            read = len(block)
        else:
            complete = block[: newline + 1].splitlines(keepends=True)
            lines += complete[1:] if is_inside else complete
            is_inside = False
            read = newline + 1
        end += read
        most_bytes -= read
    return FilePosition(end, _compute_mark(file, end), is_inside), most_bytes


def _find_position(file: int, end: int) -> FilePosition:
    is_inside = end > 0 and os.pread(file, 1, end - 1) != b"\n"
    return FilePosition(end, _compute_mark(file, end), is_inside)


def _compute_mark(file: int, end: int) -> str:
    if not end:
        return ""
    last = max(end - _MARKED, 0)
    marked = os.pread(file, min(end, _MARKED), 0) + os.pread(file, end - last, last)
    return f"{zlib.crc32(marked):08x}"

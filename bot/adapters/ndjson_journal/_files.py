"""The day files: complete lines are appended, nothing else is changed.

In a folder that several machines share, each one appends to files of its own, and all read all.
"""

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from bot.domain.errors import JournalError

_NAME = re.compile(r"\d{4}-\d\d-\d\d(\.[0-9a-f]+)?\.ndjson", re.ASCII)


class Portions(NamedTuple):
    """How much of a file is read at once, in bytes.

    A file larger than `full` is searched by bisection for a time, down to a part of `near`.
    """

    chunk: int = 1024 * 1024
    full: int = 8 * 1024 * 1024
    near: int = 128 * 1024


PORTIONS = Portions()


class DayFiles:
    """Appends lines to `YYYY-MM-DD.ndjson`, keeping the last day's file open.

    With `writer`, which is hexadecimal, that is `YYYY-MM-DD.WRITER.ndjson`.

    Each line is one write to a file opened for appending: lines of several processes never mix, and
    a killed process leaves at most its last line torn. A newline is written after a torn line
    before the next line, so only the torn line is damaged.
    """

    def __init__(self, folder: Path, writer: str = "") -> None:
        self.folder = folder
        self._writer = writer
        self._day = ""
        self._fd = -1
        self._torn = False

    def append(self, day: str, line: bytes) -> None:
        """Write one line, with its newline, to that day's file. Raises `JournalError`."""
        try:
            if day != self._day:
                self._open(day)
            written = os.write(self._fd, b"\n" + line if self._torn else line)
        except OSError as error:
            raise JournalError(
                f"{self._get_path(day)} cannot be written ({error.strerror}). "
                "Free space on the disk or make the folder writable."
            ) from error
        complete = len(line) + self._torn
        self._torn = written < complete
        if self._torn:
            raise JournalError(
                f"{self._get_path(day)} accepted only {written} of {complete} bytes. "
                "Free space on the disk."
            )

    def close(self) -> None:
        """Close the open file; safe to repeat."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._day = -1, ""

    def has_moved(self) -> bool:
        """Return whether the open file was deleted or replaced."""
        if self._fd < 0:
            return False
        try:
            return not os.path.samestat(os.fstat(self._fd), (self._get_path(self._day)).stat())
        except OSError:
            return True

    def _open(self, day: str) -> None:
        self.close()
        self.folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(self._get_path(day), flags, 0o640)
        self._day = day
        size = os.fstat(self._fd).st_size
        self._torn = size > 0 and os.pread(self._fd, 1, size - 1) != b"\n"

    def _get_path(self, day: str) -> Path:
        return self.folder / _format_name(day, self._writer)


def get_day(name: str) -> str:
    """Return the day (`YYYY-MM-DD`) of a day file."""
    return name[:10]


def remove_before(folder: Path, day: str) -> int:
    """Remove the files of the days before `day` (`YYYY-MM-DD`); return the number of these days."""
    old = [name for name in list_sizes(folder) if name < day]
    for name in old:
        (folder / name).unlink(missing_ok=True)
    return len(set(map(get_day, old)))


def move_files(folder: Path, shared: Path, writer: str) -> list[Path]:
    """Move the files that a writer has alone into a shared folder; return those that must stay.

    A file stays if the shared folder has one of that name. Raises `OSError`.
    """
    staying = []
    for name in list_sizes(folder):
        file, moved = folder / name, shared / _format_name(get_day(name), writer)
        if moved.exists():
            staying.append(file)
            continue
        shared.mkdir(parents=True, exist_ok=True)
        draft = moved.with_suffix(".draft")  # the folder may be on another disk
        shutil.copy2(file, draft)
        draft.replace(moved)
        file.unlink()
    return staying


def _format_name(day: str, writer: str) -> str:
    return f"{day}.{writer}.ndjson" if writer else f"{day}.ndjson"


def list_sizes(folder: Path) -> dict[str, int]:
    """Return the day files of a folder with their sizes in bytes, oldest first."""
    try:
        with os.scandir(folder) as entries:
            sizes = {
                entry.name: entry.stat().st_size for entry in entries if _NAME.fullmatch(entry.name)
            }
    except FileNotFoundError:
        return {}
    return dict(sorted(sizes.items()))

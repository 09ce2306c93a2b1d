"""A folder of journal files: one for each UTC day, readable by their owner alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

from theseus_observe.outbox import Tell

_NAME = re.compile(r"\d{4}-\d\d-\d\d\.ndjson")
_RETRY_SECONDS = 5.0
_FAILED = b'"outcome":"error"'
# Failures still fit when a day's file is full of what went well.
_RESERVE = 1.25


def get_utc_now() -> datetime:
    """Return the time."""
    return datetime.now(timezone.utc)


class FolderSink:
    """Implements `Sink` in `YYYY-MM-DD.ndjson` files.

    Complete lines are appended by one write, so those of several processes do not mix. A full disk
    is told once; the records wait in the outbox meanwhile.
    """

    def __init__(
        self,
        folder: Path,
        tell: Tell,
        *,
        most_bytes: int,
        keep_days: int,
        now: Callable[[], datetime] = get_utc_now,
    ) -> None:
        self._folder = folder
        self._tell = tell
        self._most_bytes = most_bytes
        self._keep_days = keep_days
        self._now = now
        self._day = ""
        self._fd = -1
        self._torn = False
        self._is_reported = False
        self.omitted = 0

    def write(self, lines: Sequence[bytes]) -> float:
        """Append lines to the file of the day; return 0, or after how long to try again."""
        try:
            self._open_day()
            self._append(self._choose_fitting(lines))
        except OSError as error:
            self._report_once(f"{self._folder} cannot be written ({error.strerror})")
            self.close()
            return _RETRY_SECONDS
        return 0.0

    def close(self) -> None:
        """Close the open file; safe to repeat."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._day = -1, ""

    def _open_day(self) -> None:
        now = self._now()
        day = now.date().isoformat()
        if day == self._day:
            return
        self.close()
        make_private_folder(self._folder)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._fd = os.open(self._folder / f"{day}.ndjson", flags, 0o600)
        self._day = day
        size = os.fstat(self._fd).st_size
        self._torn = size > 0 and _read_last_byte(self._fd, size) != b"\n"
        self._remove_before((now - timedelta(days=self._keep_days)).date().isoformat())

    def _choose_fitting(self, lines: Sequence[bytes]) -> list[bytes]:
        left = self._most_bytes - os.fstat(self._fd).st_size
        if sum(map(len, lines)) <= left:
            return list(lines)
        self._report_once(
            f"{self._folder / self._day}.ndjson is full for today; failures still fit"
        )
        left += int(self._most_bytes * (_RESERVE - 1))
        fitting = []
        for line in lines:
            if _FAILED in line and len(line) <= left:
                fitting.append(line)
                left -= len(line)
        self.omitted += len(lines) - len(fitting)
        return fitting

    def _append(self, lines: list[bytes]) -> None:
        data = b"".join(lines)
        if self._torn and data:
            data = b"\n" + data  # ends what a killed process began
        while data:
            self._torn = True
            data = data[os.write(self._fd, data) :]
        self._torn = False

    def _remove_before(self, day: str) -> None:
        for path in self._folder.iterdir():
            if _NAME.fullmatch(path.name) and path.name < day:
                path.unlink(missing_ok=True)

    def _report_once(self, text: str) -> None:
        if not self._is_reported:
            self._is_reported = True
            self._tell(text)


def make_private_folder(folder: Path) -> None:
    """Make a folder for this user alone, which git ignores."""
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="ascii")


def _read_last_byte(fd: int, size: int) -> bytes:
    os.lseek(fd, size - 1, os.SEEK_SET)
    return os.read(fd, 1)

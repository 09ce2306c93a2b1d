"""A lock between processes that dies with its holder, so a killed one never blocks the next."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Locked(Exception):
    """Raised if a running process holds the lock."""


class FileLock:
    """A context manager that locks a separate file with `flock`.

    Raises `Locked` at once if the lock is held. With `wait`, it blocks the thread until the lock is
    free. The lock also excludes other holders in the same process. The file is removed on release.
    """

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        self._path = path
        self._how = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, self._how)
            except OSError as taken:
                os.close(descriptor)
                raise Locked(str(self._path)) from taken
            if self._is_current(descriptor):
                self._descriptor = descriptor
                return self
            os.close(descriptor)  # it was released and removed between opening and locking

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

"""Artefacts as files of one folder, which may be shared with other machines."""

import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path

from bot.domain.errors import StoreError
from bot.infra.hashed_artefacts import HashedArtefacts

# Not a link, and no waiting: another writer of the folder may have put a pipe there.
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE


class FolderArtefacts(HashedArtefacts):
    """Has one file for each key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _describe(self, key: str) -> str:
        return str(self._folder / key)

    def _write(self, key: str, content: bytes) -> None:
        target = self._folder / key
        with suppress(StoreError):
            self._get(key)  # it is there, with this content
            with suppress(OSError):  # the file of another account cannot be touched
                os.utime(target, follow_symlinks=False)
            return
        new = self._folder / f"new-{secrets.token_hex(16)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(new, _NEW, 0o644), "wb") as file:
                file.write(content)
            new.replace(target)
        except OSError as error:
            with suppress(OSError):
                new.unlink()
            raise StoreError(f"cannot store an artefact in {self._folder}: {error}") from error

    def _read(self, key: str, size: int) -> bytes:
        file = self._folder / key
        try:
            with os.fdopen(os.open(file, os.O_RDONLY | _SAFE), "rb") as opened:
                if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                    raise StoreError(f"the artefact {file} is not a regular file.")
                return opened.read(size)
        except OSError as error:
            raise StoreError(f"the artefact {file} cannot be read: {error}") from error

    def _remove_older(self, seconds: float) -> int:
        # The dates of the files are those of the machine, so the machine's clock is asked too.
        oldest, removed = time.time() - seconds, 0
        with suppress(FileNotFoundError):
            for file in list(self._folder.iterdir()):
                with suppress(OSError):
                    if file.lstat().st_mtime < oldest:
                        file.unlink()
                        removed += 1
        return removed

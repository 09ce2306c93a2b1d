"""Artefacts as files of one folder, which may be shared with other machines."""

import hashlib
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path

from theseus_guard.completion import run_in_thread

from bot.domain.errors import StoreError
from bot.ports.artefact_store import MAX_ARTEFACT, check_artefact_key

# Not a link, and no waiting: another writer of the folder may have put a pipe there.
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE


class FolderArtefacts:
    """Implements `bot.ports.artefact_store.ArtefactStore` with one file for each key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes) -> str:
        """Write a file, unless it is there with this content."""
        if len(content) > MAX_ARTEFACT:
            raise StoreError(f"an artefact of {len(content)} bytes is too large to be stored.")
        return await run_in_thread(self._put, content)

    async def get(self, key: str, *, limit: int = MAX_ARTEFACT) -> bytes:
        """Read a file, and check its hash."""
        check_artefact_key(key)
        return await run_in_thread(self._get, key, limit)

    async def remove_older(self, seconds: float) -> int:
        """Remove files that no one has stored for some time; return how many."""
        return await run_in_thread(self._remove_older, seconds)

    def _put(self, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        target = self._folder / key
        with suppress(StoreError):
            if self._get(key, MAX_ARTEFACT) == content:
                with suppress(OSError):  # the file of another account cannot be touched
                    os.utime(target, follow_symlinks=False)
                return key
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
        return key

    def _get(self, key: str, limit: int) -> bytes:
        file = self._folder / key
        try:
            with os.fdopen(os.open(file, os.O_RDONLY | _SAFE), "rb") as opened:
                if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                    raise StoreError(f"the artefact {file} is not a regular file.")
                content = opened.read(limit + 1)
        except OSError as error:
            raise StoreError(f"the artefact {file} cannot be read: {error}") from error
        if len(content) > limit:
            raise StoreError(f"the artefact {file} is larger than {limit} bytes.")
        if hashlib.sha256(content).hexdigest() != key:
            raise StoreError(f"the artefact {file} does not have the content of its name.")
        return content

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

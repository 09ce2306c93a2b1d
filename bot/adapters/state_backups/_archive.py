"""Writes the archive: a compressed tar of a manifest and the files."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from bot.adapters.state_backups._staged_state import StagedFile
from bot.domain.backup import BackedUpFile, BackupManifest

MANIFEST = "manifest.json"
STATE = "state/"
CHUNK = 1024 * 1024
_LEVEL = 3  # of nine: almost the smallest size, in a third of the time

OnBytes = Callable[[int, int], None]
"""Called with the number of bytes done and the total."""


class ChangedMeanwhile(Exception):
    """A file has changed since the manifest was written, so the backup must start again."""


def compute_digest(file: StagedFile, go_on: Callable[[], None]) -> str:
    """Return the SHA-256 of a file's part that goes into the archive. Raises `ChangedMeanwhile`."""
    sha256, remaining = hashlib.sha256(), file.size
    try:
        with file.source.open("rb") as content:
            while chunk := content.read(min(remaining, CHUNK)):
                go_on()
                sha256.update(chunk)
                remaining -= len(chunk)
    except FileNotFoundError as error:
        raise ChangedMeanwhile(file.name) from error
    if remaining:
        raise ChangedMeanwhile(file.name)
    return sha256.hexdigest()


def write_archive(
    into: IO[bytes],
    manifest: BackupManifest,
    staged: Sequence[StagedFile],
    go_on: Callable[[], None],
    on_progress: OnBytes = lambda done, total: None,
) -> None:
    """Write the archive; `staged` are the manifest's files, in its order.

    Raises `ChangedMeanwhile` and `OSError`.
    """
    done = 0
    at = int(manifest.made_at.timestamp())
    manifest_json = manifest.model_dump_json(indent=1).encode()
    with tarfile.open(fileobj=into, mode="w:gz", compresslevel=_LEVEL) as archive:
        archive.addfile(_build_member(MANIFEST, len(manifest_json), at), io.BytesIO(manifest_json))
        for entry, file in zip(manifest.files, staged, strict=True):
            _add(archive, entry, file.source, at, go_on)
            done += entry.size
            on_progress(done, manifest.size)


def _add(
    archive: tarfile.TarFile, known: BackedUpFile, source: Path, at: int, go_on: Callable[[], None]
) -> None:
    try:
        with source.open("rb") as content:
            hashed = _Hashed(content, go_on)
            archive.addfile(_build_member(STATE + known.name, known.size, at), hashed)
    except FileNotFoundError as error:
        raise ChangedMeanwhile(known.name) from error
    if hashed.digest != known.sha256:
        raise ChangedMeanwhile(known.name)


def _build_member(name: str, size: int, at: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, at, 0o600
    return member


class _Hashed(io.RawIOBase):
    """Reads a file and computes the digest of what was read."""

    def __init__(self, read: IO[bytes], go_on: Callable[[], None]) -> None:
        self._read = read
        self._go_on = go_on
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises `ChangedMeanwhile` if the file has become shorter."""
        self._go_on()
        chunk = self._read.read(size)
        if len(chunk) < size:
            raise ChangedMeanwhile(self._read.name)
        self._digest.update(chunk)
        return chunk

    @property
    def digest(self) -> str:
        """The digest of everything that was read."""
        return self._digest.hexdigest()

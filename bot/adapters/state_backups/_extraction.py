"""Reads archives from any source: nothing is trusted before it is compared.

An archive is refused for the first fault of any kind: a name that leads elsewhere, a link, a
device, a file that the manifest does not list, a wrong byte, a wrong size. Files are extracted into
a separate folder, which may then contain a part of the archive.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import ValidationError

from bot.adapters.state_backups._archive import CHUNK, MANIFEST, STATE, OnBytes
from bot.adapters.state_backups._contents import is_never_backed_up
from bot.adapters.state_backups._databases import find_trouble, read_facts
from bot.domain.backup import FORMAT, BackedUpFile, BackupManifest
from bot.domain.errors import ConfigError

MOST_MANIFEST = 64 * 1024 * 1024  # bytes
_NO_ARCHIVE = (
    tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError, OverflowError,
    RecursionError,
)  # fmt: skip
_LONGEST_PART = 255  # bytes between slashes of a path; more has no place on any disk
_LARGEST_PIECE = 4 * CHUNK


def read_manifest(file: Path) -> BackupManifest:
    """Return an archive's manifest; it is not compared with the contents yet.

    Raises `ConfigError` with the file and a way to fix it.
    """
    with _open_archive(file) as (archive, _):
        return _read_manifest(file, archive)


def extract(
    file: Path, into: Path, *, room: int, on_progress: OnBytes = lambda done, total: None
) -> BackupManifest:
    """Extract an archive into an empty folder, comparing all of it with its manifest.

    `room` is the maximum number of bytes. Raises `ConfigError`, and `OSError` for disk errors.
    """
    with _open_archive(file) as (archive, stream):
        manifest = _read_manifest(file, archive)
        if manifest.size > room:
            raise ConfigError(
                f"{file} needs {manifest.size / 1e6:,.0f} MB, but only {room / 1e6:,.0f} MB are "
                f"available in {into.parent}, with the reserve that must stay free. Free some "
                "space there."
            )
        missing = {STATE + entry.name: entry for entry in manifest.files}
        done = 0
        while (member := archive.next()) is not None:
            entry = missing.pop(member.name, None)
            if entry is None:
                raise _build_refusal(
                    file, f"{member.name[:200]!r} is not in its manifest, or appears twice"
                )
            _extract_member(file, archive, member, entry, into / entry.name)
            done += entry.size
            on_progress(done, manifest.size)
        if missing:
            raise _build_refusal(file, f"{min(missing)} is missing")
        if len(stream.read(CHUNK)) == CHUNK:  # reading to the end checks the checksum
            raise _build_refusal(file, "something follows its last file")
    for entry in manifest.files:
        if entry.database:
            _compare_database(file, entry, into / entry.name)
    return manifest


class _Bounded(io.RawIOBase):
    """A stream that only returns small pieces, because no header of ours is larger."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises `tarfile.ReadError` for a request above the limit."""
        if not 0 <= size <= _LARGEST_PIECE:
            raise tarfile.ReadError("a header is larger than any of ours")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position; only forward moves are needed."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()


@contextmanager
def _open_archive(file: Path) -> Iterator[tuple[tarfile.TarFile, gzip.GzipFile]]:
    """Open an archive. Raises `ConfigError` if it is not a valid archive."""
    try:
        with (
            file.open("rb") as raw,
            gzip.GzipFile(fileobj=raw) as stream,
            tarfile.open(fileobj=_Bounded(stream), mode="r:", errorlevel=2) as archive,
        ):
            yield archive, stream
    except FileNotFoundError as error:
        if error.filename != str(file):
            raise
        raise ConfigError(
            f"{file} does not exist. `theseus backup list` shows the backups there are."
        ) from error
    except IsADirectoryError as error:
        raise ConfigError(f"{file} is a folder. Name one of the archives in it.") from error
    except _NO_ARCHIVE as error:
        raise _build_refusal(file, f"it is damaged, or not an archive ({error})") from error


def _read_manifest(file: Path, archive: tarfile.TarFile) -> BackupManifest:
    member = archive.next()
    if member is None or member.name != MANIFEST or not _is_plain(member):
        raise _build_refusal(file, "it does not begin with a manifest, so Theseus did not make it")
    if member.size > MOST_MANIFEST:
        raise _build_refusal(file, "its manifest is too large")
    body = b"".join(_iterate_chunks(archive, member))
    try:
        raw = json.loads(body)
        format_number = int(raw["format"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _build_refusal(file, "its manifest cannot be read") from error
    if format_number > FORMAT:
        raise ConfigError(
            f"{file} was made by a newer Theseus (format {format_number}; this one "
            f"knows {FORMAT}). Update Theseus, then restore it."
        )
    try:
        manifest = BackupManifest.model_validate(raw)
    except ValidationError as error:
        location = ".".join(map(str, error.errors()[0]["loc"]))
        raise _build_refusal(file, f"its manifest is wrong at {location}") from error
    _check_names(file, [entry.name for entry in manifest.files])
    return manifest


def _check_names(file: Path, names: list[str]) -> None:
    """Raise `ConfigError` unless every name is a separate path below the folder."""
    unique_names: set[str] = set()
    for name in names:
        parts = name.split("/")
        plain = name.isprintable() and "\\" not in name and PurePosixPath(name).as_posix() == name
        if not plain or not name or {"", ".", ".."} & set(parts) or len(name) > 1_000:
            raise _build_refusal(file, f"the name {name[:200]!r} leads out of the folder")
        if any(len(os.fsencode(part)) > _LONGEST_PART for part in parts):
            raise _build_refusal(file, f"the name {name[:200]!r} is too long for a file")
        if is_never_backed_up(name):
            raise _build_refusal(file, f"the name {name!r} is never part of a backup")
        if name in unique_names:
            raise _build_refusal(file, f"{name!r} is in it twice")
        unique_names.add(name)
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    if conflicts := folders & unique_names:
        raise _build_refusal(file, f"{min(conflicts)!r} is a file and a folder")


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()


def _extract_member(
    file: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, known: BackedUpFile, to: Path
) -> None:
    if not _is_plain(member):
        raise _build_refusal(file, f"{member.name!r} is not a plain file")
    if member.size != known.size:
        raise _build_refusal(
            file, f"{known.name} has {member.size} bytes, its manifest {known.size}"
        )
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with _create_file(to) as output:
            for piece in _iterate_chunks(archive, member):
                digest.update(piece)
                output.write(piece)
    except FileExistsError as error:  # two names are the same to this file system
        raise _build_refusal(file, f"{known.name!r} is in it twice") from error
    if digest.hexdigest() != known.sha256:
        raise _build_refusal(file, f"{known.name} does not match its manifest")


def _iterate_chunks(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    content = archive.extractfile(member)
    if content is None:
        raise tarfile.ReadError("a file without content")
    with content:
        while piece := content.read(CHUNK):
            yield piece


@contextmanager
def _create_file(path: Path) -> Iterator[IO[bytes]]:
    """Create a file that only its owner can read; its content is flushed to disk on exit."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as output:
        yield output
        output.flush()
        os.fsync(output.fileno())


def _compare_database(file: Path, known: BackedUpFile, path: Path) -> None:
    if trouble := find_trouble(path, thorough=True):
        raise _build_refusal(file, f"{known.name} is damaged: {trouble}")
    facts = read_facts(path)
    if facts.migrations != known.migrations or facts.rows != known.rows:
        raise _build_refusal(file, f"{known.name} does not have the rows that its manifest counts")


def _build_refusal(file: Path, why: str) -> ConfigError:
    return ConfigError(f"{file} cannot be restored: {why}. Use another backup.")

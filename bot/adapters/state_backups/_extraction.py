"""Reading an archive that anybody may have made: nothing is believed but what was compared.

An archive is refused whole for the first thing that is wrong with it, whatever that is: a name
that leads elsewhere, a link, a device, a file that the manifest does not name, one byte that
differs, a size that does not fit. What was extracted by then lies in a folder of its own.
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
_LARGEST_PIECE = 4 * CHUNK


def read_manifest(file: Path) -> BackupManifest:
    """Return what an archive says of itself; nothing of that is compared yet.

    Raises `ConfigError` with the file and the way out.
    """
    with _open_archive(file) as (archive, _):
        return _read_manifest(file, archive)


def extract(
    file: Path, into: Path, *, room: int, on_progress: OnBytes = lambda done, total: None
) -> BackupManifest:
    """Extract an archive into an empty folder, comparing all of it with its manifest.

    `room` is how many bytes it may take. Raises `ConfigError`, and `OSError` for the folder's disk.
    """
    with _open_archive(file) as (archive, stream):
        manifest = _read_manifest(file, archive)
        if manifest.size > room:
            raise ConfigError(
                f"{file} takes {manifest.size / 1e6:,.0f} MB, and there is room for "
                f"{room / 1e6:,.0f} MB in {into.parent}, beside what has to stay free. Make "
                "room there."
            )
        left = {STATE + known.name: known for known in manifest.files}
        done = 0
        while (member := archive.next()) is not None:
            known = left.pop(member.name, None)
            if known is None:
                raise _build_refusal(
                    file, f"{member.name[:200]!r} is not in its manifest, or twice"
                )
            _extract_member(file, archive, member, known, into / known.name)
            done += known.size
            on_progress(done, manifest.size)
        if left:
            raise _build_refusal(file, f"{min(left)} is missing")
        if len(stream.read(CHUNK)) == CHUNK:  # at its end the sum over all of it is compared
            raise _build_refusal(file, "something follows its last file")
    for known in manifest.files:
        if known.database:
            _compare_database(file, known, into / known.name)
    return manifest


class _Bounded(io.RawIOBase):
    """A stream that nothing can be asked of but small pieces: no header is larger than that."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises `tarfile.ReadError` for more than is ever needed."""
        if not 0 <= size <= _LARGEST_PIECE:
            raise tarfile.ReadError("a header is larger than any of ours")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place; backwards nobody has to."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._stream.tell()


@contextmanager
def _open_archive(file: Path) -> Iterator[tuple[tarfile.TarFile, gzip.GzipFile]]:
    """Open an archive; whatever is wrong with its form is a `ConfigError`."""
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
        raise _build_refusal(file, f"it is damaged, or no archive ({error})") from error


def _read_manifest(file: Path, archive: tarfile.TarFile) -> BackupManifest:
    member = archive.next()
    if member is None or member.name != MANIFEST or not _is_plain(member):
        raise _build_refusal(file, "it does not begin with a manifest: it is none of ours")
    if member.size > MOST_MANIFEST:
        raise _build_refusal(file, "its manifest is larger than any of ours")
    body = b"".join(_iterate_chunks(archive, member))
    try:
        told = json.loads(body)
        form = int(told["format"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _build_refusal(file, "its manifest cannot be read") from error
    if form > FORMAT:
        raise ConfigError(
            f"{file} was made by a newer Theseus (format {form}; this one knows {FORMAT}). Update "
            "Theseus, then restore it."
        )
    try:
        manifest = BackupManifest.model_validate(told)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise _build_refusal(file, f"its manifest is wrong at {where}") from error
    _check_names(file, [known.name for known in manifest.files])
    return manifest


def _check_names(file: Path, names: list[str]) -> None:
    """Raise unless every name is a place of its own below the folder."""
    seen: set[str] = set()
    for name in names:
        parts = name.split("/")
        plain = name.isprintable() and "\\" not in name and PurePosixPath(name).as_posix() == name
        if not plain or not name or {"", ".", ".."} & set(parts) or len(name) > 1_000:
            raise _build_refusal(file, f"the name {name[:200]!r} leads elsewhere")
        if is_never_backed_up(name):
            raise _build_refusal(file, f"the name {name!r} is of nothing that is backed up")
        if name in seen:
            raise _build_refusal(file, f"{name!r} is in it twice")
        seen.add(name)
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    if both := folders & seen:
        raise _build_refusal(file, f"{min(both)!r} is a file and a folder")


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()


def _extract_member(
    file: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, known: BackedUpFile, to: Path
) -> None:
    if not _is_plain(member):
        raise _build_refusal(file, f"{member.name!r} is no plain file")
    if member.size != known.size:
        raise _build_refusal(
            file, f"{known.name} has {member.size} bytes, its manifest {known.size}"
        )
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with _create_file(to) as written:
            for piece in _iterate_chunks(archive, member):
                digest.update(piece)
                written.write(piece)
    except FileExistsError as error:  # names that are one to this file system
        raise _build_refusal(file, f"{known.name!r} is in it twice") from error
    if digest.hexdigest() != known.sha256:
        raise _build_refusal(file, f"{known.name} is not what its manifest says")


def _iterate_chunks(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    read = archive.extractfile(member)
    if read is None:
        raise tarfile.ReadError("a file without content")
    with read:
        while piece := read.read(CHUNK):
            yield piece


@contextmanager
def _create_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that is not there yet, for its owner alone; it is on the disk at the end."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as written:
        yield written
        written.flush()
        os.fsync(written.fileno())


def _compare_database(file: Path, known: BackedUpFile, path: Path) -> None:
    if trouble := find_trouble(path, thorough=True):
        raise _build_refusal(file, f"{known.name} is damaged: {trouble}")
    facts = read_facts(path)
    if facts.migrations != known.migrations or facts.rows != known.rows:
        raise _build_refusal(file, f"{known.name} does not have the rows that its manifest counts")


def _build_refusal(file: Path, why: str) -> ConfigError:
    return ConfigError(f"{file} is not restored: {why}. Take another backup.")

"""The kill switch as a file: `touch STOP` in the state folder stops everything.

Only the existence of the file matters. Its content says who stopped and why, so an empty, damaged
or unreadable file, or a folder of that name, stops as well.
"""

import contextlib
import os
import secrets
import stat
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from theseus_observe.redaction import redact

from bot.domain.errors import StoreError
from bot.domain.stop import Stop

_MOST_BYTES = 65_536  # a longer file is not a stop that we wrote, but it stops all the same
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileKillSwitch:
    """Implements `bot.ports.kill_switch.KillSwitch`. A check costs one `lstat`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def get_stop(self) -> Stop | None:
        """Return the active stop, or `None` only if the file certainly does not exist."""
        return _read(self.path)

    async def pull(self, stop: Stop) -> Stop:
        """Create the file atomically on disk, unless it exists; return the active stop."""
        stop = stop.replace(why=redact(stop.why))
        try:
            if not _put(self.path, stop):
                return _read(self.path) or await self.pull(stop)
        except OSError as error:
            raise StoreError(
                f"I cannot write the stop to {self.path} ({error.strerror}). It is active only "
                f"while I run. Free some space, or run `touch {self.path}` yourself."
            ) from error
        return stop

    async def lift(self) -> None:
        """Remove the file. Raises `StoreError` if that fails, such as for a folder with files."""
        try:
            if self.path.is_dir() and not self.path.is_symlink():
                self.path.rmdir()
            else:
                self.path.unlink(missing_ok=True)
            _flush(self.path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(
                f"I cannot remove {self.path} ({error.strerror}), so everything stays stopped. "
                "Remove it yourself."
            ) from error


def _put(path: Path, stop: Stop) -> bool:
    """Write a draft, flush it, then link it into place; return false if the file already exists.

    Readers never see a partial file.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(stop.model_dump_json() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return False
        _flush(path.parent)
        return True
    finally:
        draft.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Flush a folder's entries to disk, if the file system supports it."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)


def _read(path: Path) -> Stop | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError:  # the folder cannot be read, so the file may exist
        return Stop(how="file", at=_EPOCH)
    try:
        return Stop.model_validate_json(_read_text(path, status))
    except (OSError, ValidationError):
        return Stop(how="file", at=_parse_time(status.st_mtime))


def _read_text(path: Path, seen: os.stat_result) -> bytes:
    """Return the content of a regular file; pipes and links are never opened."""
    if not stat.S_ISREG(seen.st_mode):
        return b""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        return file.read(_MOST_BYTES)


def _parse_time(stamp: float) -> datetime:
    try:
        return datetime.fromtimestamp(stamp, UTC)
    except (OverflowError, ValueError, OSError):
        return _EPOCH

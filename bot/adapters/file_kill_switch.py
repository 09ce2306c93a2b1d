"""The kill switch as a file: `touch STOP` in the state folder stops everything.

The file's being there is what counts. What it says only tells who and why, so one that is empty,
broken, unreadable, or no file at all means stop just as well.
"""

import contextlib
import os
import secrets
import stat
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from bot.domain.errors import StoreError
from bot.domain.stop import Stop
from bot.redaction import redact

_MOST_BYTES = 65_536
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileKillSwitch:
    """Implements `bot.ports.kill_switch.KillSwitch`. A look costs one `lstat`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def get_stop(self) -> Stop | None:
        """Return the stop that stands; only a file that is certainly not there is none."""
        return _read(self.path)

    async def pull(self, stop: Stop) -> Stop:
        """Put the file there, whole and on the disk, unless there is one."""
        stop = stop.replace(why=redact(stop.why))
        try:
            if not _put(self.path, stop):
                return _read(self.path) or await self.pull(stop)
        except OSError as error:
            raise StoreError(
                f"The stop cannot be kept in {self.path} ({error.strerror}). It holds while I run; "
                f"make room, or `touch {self.path}` by hand."
            ) from error
        return stop

    async def lift(self) -> None:
        """Remove whatever is there by that name; a folder with something in it stays, and says."""
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
                f"{self.path} cannot be removed ({error.strerror}), so everything stays stopped. "
                "Remove it by hand."
            ) from error


def _put(path: Path, stop: Stop) -> bool:
    """Write beside, flush, then link into place; `False` if something lies there already.

    Nobody ever sees half of it.
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
    """Bring a folder's names to the disk, where the file system can."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)


def _read(path: Path) -> Stop | None:
    try:
        seen = path.lstat()
    except FileNotFoundError:
        return None
    except OSError:  # the folder cannot be looked into: nobody can say that it is not there
        return Stop(how="file", at=_EPOCH)
    try:
        return Stop.model_validate_json(_read_text(path, seen))
    except (OSError, ValidationError):
        return Stop(how="file", at=_parse_time(seen.st_mtime))


def _read_text(path: Path, seen: os.stat_result) -> bytes:
    """Return what a plain file says; a pipe or a link is never opened."""
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

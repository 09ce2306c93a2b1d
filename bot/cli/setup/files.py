"""Writes the files of the wizard: all or none, with a copy of what they replace."""

import contextlib
import os
import signal
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.errors import ConfigError

PRIVATE = 0o600


@dataclass(frozen=True)
class Edit:
    """The text of a file before (`None`: no file) and after the edit, and its new mode."""

    file: Path
    before: str | None
    after: str
    mode: int

    @property
    def changes(self) -> bool:
        """True if the text changes."""
        return self.before != self.after


def read(file: Path) -> str | None:
    """Return the text of a file with its original line ends, or `None` if there is no file.

    Raises `ConfigError` if it cannot be read.
    """
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error


def write(edits: Sequence[Edit], backups: Path, *, command: str = "theseus setup") -> list[Path]:
    """Write all edits or none, and return the copies of the replaced files.

    `command` is what people run again after an error. Raises `ConfigError` if a file was changed
    in the meantime, or cannot be written.
    """
    wanted = [each for each in edits if each.changes]
    for each in wanted:
        if read(each.file) != each.before:
            raise ConfigError(
                f"{each.file} was changed in the meantime; nothing was written. Run `{command}` "
                "again."
            )
    ready: list[tuple[Path, Edit]] = []
    try:
        copies = [_keep(each, backups) for each in wanted if each.before is not None]
        for each in wanted:
            ready.append((_write_alongside(each), each))
        with _block_interrupts():
            _swap(ready)
    except OSError as error:
        for new, _ in ready:
            new.unlink(missing_ok=True)
        where = error.filename or "a file"
        raise ConfigError(
            f"{where} cannot be written ({error.strerror}); nothing was changed. Let this account "
            f"write there, then run `{command}` again."
        ) from error
    return copies


def _keep(edit: Edit, backups: Path) -> Path:
    """Copy the file to be replaced, readable by this account only."""
    backups.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    name = edit.file.name.lstrip(".")
    descriptor, copy = tempfile.mkstemp(prefix=f"{now}-", suffix=f"-{name}", dir=backups)
    with open(descriptor, "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123
        stream.write(edit.before or "")
    return Path(copy)


def _write_alongside(edit: Edit) -> Path:
    """Write the new text to a temporary file next to its target.

    The target is resolved first, so that a symbolic link stays a link.
    """
    target = edit.file.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, new = tempfile.mkstemp(prefix=f".env.{target.name}.", dir=target.parent)
    with open(descriptor, "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123
        stream.write(edit.after)
        stream.flush()
        os.fsync(stream.fileno())
    Path(new).chmod(edit.mode)
    return Path(new)


def _swap(ready: Sequence[tuple[Path, Edit]]) -> None:
    """Move the new files into place; if one fails, restore those that were replaced."""
    done: list[Edit] = []
    try:
        for new, edit in ready:
            new.replace(edit.file.resolve())
            done.append(edit)
    except OSError:
        for edit in done:
            _restore(edit)
        raise


def _restore(edit: Edit) -> None:
    target = edit.file.resolve()
    if edit.before is None:
        target.unlink()
    else:
        old = Edit(edit.file, edit.after, edit.before, edit.mode)
        _write_alongside(old).replace(target)


@contextlib.contextmanager
def _block_interrupts() -> Iterator[None]:
    """Block SIGINT and SIGTERM, so that they cannot leave only one of the files written."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


def mode_of(file: Path, otherwise: int) -> int:
    """Return the permission bits of a file, or `otherwise` if there is no file."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return otherwise

"""Writing what was agreed on: both files or none, and a copy of what they replace."""

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
    """One file's text, before (`None`: it was not there) and after. `mode` is what it gets."""

    file: Path
    before: str | None
    after: str
    mode: int

    @property
    def changes(self) -> bool:
        """Return whether there is anything to write."""
        return self.before != self.after


def read(file: Path) -> str | None:
    """Return a file's text with its line ends as they are; `None` if it is not there."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error


def write(edits: Sequence[Edit], backups: Path) -> list[Path]:
    """Write all edits, or none; return the copies made of what they replaced.

    Raises `ConfigError` when a file was changed by somebody else meanwhile, or cannot be written.
    """
    wanted = [each for each in edits if each.changes]
    for each in wanted:
        if read(each.file) != each.before:
            raise ConfigError(
                f"{each.file} was changed while you answered; nothing was written. Run "
                "`theseus setup` again."
            )
    ready: list[tuple[Path, Edit]] = []
    try:
        kept = [_keep(each, backups) for each in wanted if each.before is not None]
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
            "write there, then run `theseus setup` again."
        ) from error
    return kept


def _keep(edit: Edit, backups: Path) -> Path:
    """Copy what will be replaced, for this account's eyes only."""
    backups.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    name = edit.file.name.lstrip(".")
    descriptor, kept = tempfile.mkstemp(prefix=f"{now}-", suffix=f"-{name}", dir=backups)
    with open(descriptor, "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123
        stream.write(edit.before or "")
    return Path(kept)


def _write_alongside(edit: Edit) -> Path:
    """Write the new text next to the file it will become; links stay links."""
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
    """Put the new files in place; should one fail, put back what was there."""
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
    """Hold back Ctrl-C between the first file and the last."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


def mode_of(file: Path, otherwise: int) -> int:
    """Return a file's permission bits, or `otherwise` if it is not there."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return otherwise

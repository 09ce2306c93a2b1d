"""The data about the audit log outside the database: its key, and its end.

The end is written after the entry is on disk. So after a crash it can only lag behind, and the
entries beyond it are proved by their seals. It is never ahead of the log, unless entries were
removed. It advances only from an entry that the log contains, so it stays in place after a break.

An entry is announced before it is written, within its own transaction. After a crash, an announced
entry beyond the end may be stored or not; if it is not, the next entry says so.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from bot.adapters.sqlite_store._audit_rows import format_head, is_valid_seal, seal_text
from bot.domain.audit import AuditHead
from bot.domain.errors import ConfigError
from bot.telemetry import load_secret


class Anchor:
    """The files `audit.key`, `audit.head` and `audit.next` next to the database.

    All methods block until the data is on disk. Those that write raise `OSError`, which names the
    file.
    """

    def __init__(self, folder: Path) -> None:
        self.key_file = folder / "audit.key"
        self.head_file = folder / "audit.head"
        self.next_file = folder / "audit.next"
        self._lock_file = folder / "audit.lock"
        self.key = b""

    def open(self, end: AuditHead, *, sealed_rows: bool) -> None:
        """Load the key; create the head file, unless sealed entries show that it must exist.

        Raises `ConfigError` if the key cannot be read.
        """
        try:
            self.key = load_secret(self.key_file)
        except ConfigError as error:
            raise ConfigError(
                f"{self.key_file} seals the audit log, but I cannot use it ({error.__cause__}). "
                "Restore it from a backup. With a new key, I report the log as broken."
            ) from error
        if not sealed_rows and not self.head_file.exists():
            with self._hold_lock():
                if not self.head_file.exists():
                    self._write(self.head_file, end)

    def read_head(self) -> AuditHead | None:
        """Return the known end of the log; `None` if it cannot be read, or is forged."""
        return self._read(self.head_file)

    def read_begun(self) -> AuditHead | None:
        """Return the entry that was announced last, stored or not; `None` as for `read_head`."""
        return self._read(self.next_file)

    def begin(self, end: AuditHead) -> None:
        """Announce an entry that is about to be stored.

        The caller must be the log's only writer.
        """
        self._write(self.next_file, end)

    def advance(self, known: AuditHead | None, end: AuditHead) -> None:
        """Advance to `end`, from a head that the log contained when it was appended to."""
        with self._hold_lock():
            current = self.read_head()
            if (
                known is not None
                and current is not None
                and known.number <= current.number < end.number
            ):
                self._write(self.head_file, end)

    def force(self, end: AuditHead) -> None:
        """Reset the end after a person has accepted a break."""
        with self._hold_lock():
            self._write(self.head_file, end)

    def _read(self, file: Path) -> AuditHead | None:
        try:
            stored = json.loads(file.read_text(encoding="ascii"))
            head = AuditHead(number=stored["number"], hash=stored["hash"])
            genuine = is_valid_seal(str(stored["seal"]), format_head(head), self.key)
        except (OSError, ValueError, TypeError, KeyError, ValidationError):
            return None
        return head if genuine else None

    @contextmanager
    def _hold_lock(self) -> Iterator[None]:
        fd = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _write(self, file: Path, head: AuditHead) -> None:
        try:
            self._replace(file, head)
        except OSError as error:  # one of a write or a rename names no file, or the draft
            raise OSError(error.errno, error.strerror, str(file)) from error

    def _replace(self, file: Path, head: AuditHead) -> None:
        seal = seal_text(format_head(head), self.key)
        body = json.dumps({"number": head.number, "hash": head.hash, "seal": seal})
        draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "w", encoding="ascii") as out:
                out.write(body + "\n")
                out.flush()
                os.fsync(out.fileno())
            draft.replace(file)
        except BaseException:
            with suppress(OSError):  # the error that is raised says more
                draft.unlink()
            raise
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

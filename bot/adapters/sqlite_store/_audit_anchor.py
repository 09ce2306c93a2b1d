"""What is kept of the audit log outside the database: its key, and where it ends.

The end is written after the entry is on the disk. So a crash leaves it behind at most, and the
entries beyond it prove themselves by their seals; it is never ahead, unless entries were taken
away. It moves on only from an entry that it knows, so it stays where it was after a break.

An entry that is begun is noted before, in the entry's own transaction. One that a crash left
beyond the end may have been kept or not; where it is not there, the next entry says so.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from bot.adapters.sqlite_store._audit_rows import format_head, is_valid_seal, seal_text
from bot.domain.audit import AuditHead
from bot.domain.errors import ConfigError
from bot.telemetry import load_secret


class Anchor:
    """The files `audit.key`, `audit.head` and `audit.next` beside the database.

    Its calls block for a flush.
    """

    def __init__(self, folder: Path) -> None:
        self.key_file = folder / "audit.key"
        self.head_file = folder / "audit.head"
        self.next_file = folder / "audit.next"
        self._lock_file = folder / "audit.lock"
        self.key = b""

    def open(self, end: AuditHead, *, sealed_rows: bool) -> None:
        """Load the key; begin the head where no sealed entry says that there has to be one."""
        try:
            self.key = load_secret(self.key_file)
        except ConfigError as error:
            raise ConfigError(
                f"{self.key_file} seals the audit log and cannot be used ({error.__cause__}). "
                "Restore it from a backup; a new one breaks the log, which is then told."
            ) from error
        if not sealed_rows and not self.head_file.exists():
            with self._hold_lock():
                if not self.head_file.exists():
                    self._write(self.head_file, end)

    def read_head(self) -> AuditHead | None:
        """Return where the log ended at least; `None` where that cannot be told, or is forged."""
        return self._read(self.head_file)

    def read_begun(self) -> AuditHead | None:
        """Return the entry that was begun last, kept or not; `None` as for `head`."""
        return self._read(self.next_file)

    def begin(self, end: AuditHead) -> None:
        """Note an entry that is about to be kept; whoever calls is the log's only writer."""
        self._write(self.next_file, end)

    def advance(self, known: AuditHead | None, end: AuditHead) -> None:
        """Move on to `end`, from a head that the log still knew when it was appended to."""
        with self._hold_lock():
            now = self.read_head()
            if known is not None and now is not None and known.number <= now.number < end.number:
                self._write(self.head_file, end)

    def force(self, end: AuditHead) -> None:
        """Begin anew at `end`: somebody took note of what was wrong."""
        with self._hold_lock():
            self._write(self.head_file, end)

    def _read(self, file: Path) -> AuditHead | None:
        try:
            kept = json.loads(file.read_text(encoding="ascii"))
            head = AuditHead(number=kept["number"], hash=kept["hash"])
            genuine = is_valid_seal(str(kept["seal"]), format_head(head), self.key)
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
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

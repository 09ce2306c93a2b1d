"""Backups of the state folder: their manifest, their schedule, and which of them to delete."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.audit import AuditHead

FORMAT = 1
"""The format version of an archive and its manifest. Newer versions use a larger number."""


class BackedUpFile(Record):
    """One file: its name relative to the state folder, its size in bytes, and its checksum.

    For a database also its migrations, oldest first, and the number of rows of each table.
    """

    name: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    database: bool = False
    migrations: tuple[str, ...] = ()
    rows: dict[str, int] = Field(default_factory=dict)


class LeftOut(Record):
    """A file that is not in a backup, and why."""

    name: str
    why: str


class BackupManifest(Record):
    """The content of an archive; its first member. `commit` is the code that ran at the time."""

    format: int = Field(default=FORMAT, ge=1)
    made_at: AwareDatetime
    commit: str | None = None
    files: tuple[BackedUpFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    audit: AuditHead | None = None

    @property
    def size(self) -> int:
        """The number of bytes that the files take."""
        return sum(file.size for file in self.files)

    def count_rows(self, table: str) -> int:
        """Return the number of rows of a table, summed over all databases."""
        return sum(file.rows.get(table, 0) for file in self.files)


class Backup(Record):
    """One complete archive: its file, when it was made, and its size in bytes."""

    file: Path
    made_at: AwareDatetime
    size: int = Field(ge=0)


class BackupSlot(Record):
    """The state of scheduled backups: the newest slot that was handled, and the last failure.

    If the last attempt failed: why, since when, and whether people were informed.
    """

    former_names: ClassVar = {"told": "is_reported"}

    slot: AwareDatetime
    tried_at: AwareDatetime
    failure: str = ""
    failing_since: AwareDatetime | None = None
    is_reported: bool = False


class BackupStatus(Record):
    """The newest backup (`None` if there is none), the number of backups, and the last failure.

    `overdue` is true if a backup was due a day ago and none has been made since.
    """

    newest: Backup | None = None
    count: int = 0
    failure: str = ""
    overdue: bool = False


def find_superfluous(backups: Sequence[Backup], keep: int, weekly: int) -> tuple[Backup, ...]:
    """Return the backups to delete, newest first.

    The `keep` newest backups stay, and so does the newest backup of each of the last `weekly`
    calendar weeks (UTC) that have one.
    """
    newest_first = sorted(backups, key=lambda backup: backup.made_at, reverse=True)
    kept = set(newest_first[:keep])
    weeks: set[tuple[int, int]] = set()
    for backup in newest_first:
        year, week, _ = backup.made_at.isocalendar()
        if (year, week) not in weeks and len(weeks) < weekly:
            weeks.add((year, week))
            kept.add(backup)
    return tuple(backup for backup in newest_first if backup not in kept)

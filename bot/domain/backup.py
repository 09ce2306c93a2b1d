"""Backups of the state folder: what one says of itself, and which are kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import AwareDatetime, Field

from bot.domain.audit import AuditHead
from bot.domain.record import Record

FORMAT = 1
"""The form of an archive and its manifest. A larger one is of a newer version."""


class BackedUpFile(Record):
    """One file: its name from the state folder, its size in bytes, and what is known of it.

    Of a database: its migrations, oldest first, and how many rows each table has.
    """

    name: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    database: bool = False
    migrations: tuple[str, ...] = ()
    rows: dict[str, int] = Field(default_factory=dict)


class LeftOut(Record):
    """What is not in a backup, and why."""

    name: str
    why: str


class BackupManifest(Record):
    """What is in an archive; its first member. `commit` is the code that ran then."""

    format: int = Field(default=FORMAT, ge=1)
    made_at: AwareDatetime
    commit: str | None = None
    files: tuple[BackedUpFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    audit: AuditHead | None = None

    @property
    def size(self) -> int:
        """How many bytes the files take."""
        return sum(file.size for file in self.files)

    def count_rows(self, table: str) -> int:
        """Return how many rows a table has, of whichever database."""
        return sum(file.rows.get(table, 0) for file in self.files)


class Backup(Record):
    """One archive that is whole: where it lies, when it was made, its size in bytes."""

    file: Path
    made_at: AwareDatetime
    size: int = Field(ge=0)


class BackupSlot(Record):
    """How far scheduled backups are: the newest time that was dealt with, and what is in the way.

    Where the last attempt failed: why, since when, and whether people were told.
    """

    former_names: ClassVar = {"told": "is_reported"}

    slot: AwareDatetime
    tried_at: AwareDatetime
    failure: str = ""
    failing_since: AwareDatetime | None = None
    is_reported: bool = False


class BackupStatus(Record):
    """The newest backup, `None` where there is none; why none can be made; and how many there are.

    `overdue`: one was due a day ago, and there is none since.
    """

    newest: Backup | None = None
    count: int = 0
    failure: str = ""
    overdue: bool = False


def find_superfluous(backups: Sequence[Backup], keep: int, weekly: int) -> tuple[Backup, ...]:
    """Return those that go: not among the `keep` newest, nor the newest of one of `weekly` weeks.

    The weeks are those, by the calendar of UTC, of which there is a backup.
    """
    newest_first = sorted(backups, key=lambda each: each.made_at, reverse=True)
    kept = set(newest_first[:keep])
    weeks: set[tuple[int, int]] = set()
    for each in newest_first:
        year, week, _ = each.made_at.isocalendar()
        if (year, week) not in weeks and len(weeks) < weekly:
            weeks.add((year, week))
            kept.add(each)
    return tuple(each for each in newest_first if each not in kept)

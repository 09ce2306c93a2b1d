"""Faults of state files, and how to repair them."""

from enum import StrEnum
from pathlib import Path

from theseus_guard.record import Record


class StorageFaultKind(StrEnum):
    """A kind of fault."""

    DAMAGED = "damaged"
    MISSING = "missing"
    FULL = "full"
    READ_ONLY = "read_only"
    FAILING = "failing"
    UNREACHABLE = "unreachable"

    @property
    def permanent(self) -> bool:
        """True if only a restart or a restore repairs the fault.

        A later successful write does not prove that the fault is gone.
        """
        return self in (StorageFaultKind.DAMAGED, StorageFaultKind.MISSING)


_RESTORE = (
    "Stop the bot, then restore a backup: `theseus backup list` lists them, "
    "`theseus restore NAME` restores one (docs/backup.md)."
)
_REASONS = {
    StorageFaultKind.DAMAGED: "is damaged",
    StorageFaultKind.MISSING: "was removed or replaced while the bot ran",
    StorageFaultKind.FULL: "cannot be written: the disk is full",
    StorageFaultKind.READ_ONLY: "cannot be written: it is read-only",
    StorageFaultKind.FAILING: "cannot be read or written: the disk reports errors",
    StorageFaultKind.UNREACHABLE: "cannot be reached: PostgreSQL does not answer",
}
_REMEDIES = {
    StorageFaultKind.DAMAGED: _RESTORE,
    StorageFaultKind.MISSING: f"Put the file back before you restart. If it is gone: {_RESTORE}",
    StorageFaultKind.FULL: "Make room on its disk. The bot tries again on its own.",
    StorageFaultKind.READ_ONLY: (
        "Let the bot's account write to the file, its folder and its disk. "
        "The bot tries again on its own."
    ),
    StorageFaultKind.FAILING: (
        "Check the disk (`dmesg`, `df`). The bot tries again on its own. If the file is lost: "
        f"{_RESTORE}"
    ),
    StorageFaultKind.UNREACHABLE: (
        "Check that the server runs and accepts connections from here. "
        "The bot tries again on its own."
    ),
}


class StorageFault(Record):
    """One fault of one file. A `derived` file is rebuilt from others if it is missing."""

    kind: StorageFaultKind
    file: Path
    cause: str = ""
    derived: bool = False

    @property
    def reason(self) -> str:
        """What is wrong, safe to show to anyone: without a path or a library's text."""
        return f"the state file {self.file.name} {_REASONS[self.kind]}"

    @property
    def text(self) -> str:
        """What is wrong and how to repair it, for operators."""
        cause = f" ({self.cause})" if self.cause else ""
        return f"The state file {self.file} {_REASONS[self.kind]}{cause}. {self.remedy}"

    @property
    def remedy(self) -> str:
        """How to repair it, in complete sentences."""
        if self.derived and self.kind.permanent:
            return "Stop the bot and move the file away: it is built again at the next start."
        return _REMEDIES[self.kind]

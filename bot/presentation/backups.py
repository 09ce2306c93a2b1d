"""What people are told of backups."""

from datetime import datetime

from bot.domain.backup import Backup, BackupStatus
from bot.presentation.counts import counted
from bot.presentation.sizes import bytes_told
from bot.presentation.times import ago


def backup_failed(why: str) -> str:
    """Return what the dev channel reads when no backup can be made; it reads that once."""
    return (
        f"⚠️ I could not back up my state: {why} I try again every hour, and say when it works. "
        "`theseus backup` on my machine tries at once."
    )


def backup_works_again(made: Backup) -> str:
    """Return what the dev channel reads after that."""
    return f"✅ My state is backed up again: `{made.file.name}`, {bytes_told(made.size)}."


def backups_told(status: BackupStatus, now: datetime) -> str:
    """Return how backups stand, in half a line: `newest 3 h ago (34 MB), 7 in all`."""
    newest = status.newest
    if newest is None:
        told = "none yet"
    else:
        size = bytes_told(newest.size)
        told = f"newest {ago(newest.made_at, now)} ({size}), {counted(status.count, 'backup')} kept"
    if status.failure:
        return f"⚠️ {told}; the last one failed: {status.failure}"
    return f"⚠️ {told}; overdue" if status.overdue else told

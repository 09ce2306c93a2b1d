"""What people are told of backups."""

from datetime import datetime

from bot.domain.backup import Backup, BackupStatus
from bot.presentation.counts import format_count
from bot.presentation.sizes import format_size
from bot.presentation.times import format_age


def describe_failure(why: str) -> str:
    """Return what the dev channel reads when no backup can be made; it reads that once."""
    return (
        f"⚠️ I could not back up my state: {why} I try again every hour, and say when it works. "
        "`theseus backup` on my machine tries at once."
    )


def describe_recovery(made: Backup) -> str:
    """Return what the dev channel reads after that."""
    return f"✅ My state is backed up again: `{made.file.name}`, {format_size(made.size)}."


def describe_backups(status: BackupStatus, now: datetime) -> str:
    """Return how backups stand, in half a line: `newest 3 h ago (34 MB), 7 in all`."""
    newest = status.newest
    if newest is None:
        told = "none yet"
    else:
        size = format_size(newest.size)
        told = f"newest {format_age(newest.made_at, now)} ({size}), {format_count(status.count, 'backup')} kept"
    if status.failure:
        return f"⚠️ {told}; the last one failed: {status.failure}"
    return f"⚠️ {told}; overdue" if status.overdue else told

"""What people read about backups."""

from datetime import datetime

from bot.domain.backup import Backup, BackupStatus
from bot.presentation.counts import format_count
from bot.presentation.sizes import format_size
from bot.presentation.times import format_age


def describe_failure(why: str) -> str:
    """Return what the dev channel reads when no backup can be made; it reads that once."""
    return (
        f"⚠️ I could not back up my state: {why} I try again every hour and report when it "
        "works. To try at once, run `theseus backup` on my machine."
    )


def describe_recovery(made: Backup) -> str:
    """Return what the dev channel reads after that."""
    return f"✅ My state is backed up again: `{made.file.name}`, {format_size(made.size)}."


def describe_backups(status: BackupStatus, now: datetime) -> str:
    """Return the state of the backups in half a line: `newest 3 h ago (34 MB), 7 in all`."""
    newest = status.newest
    if newest is None:
        text = "none yet"
    else:
        size = format_size(newest.size)
        text = (
            f"newest {format_age(newest.made_at, now)} ({size}), "
            f"{format_count(status.count, 'backup')} stored"
        )
    if status.failure:
        return f"⚠️ {text}; the last one failed: {status.failure}"
    return f"⚠️ {text}; overdue" if status.overdue else text

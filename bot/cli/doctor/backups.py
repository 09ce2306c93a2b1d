"""The doctor's look at backups: whether there is one, how old it is, and where it lies."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.state_backups import backups_in
from bot.app.backups import backup_folder
from bot.cli.doctor.finding import DoctorFinding, bad, good, note
from bot.domain.backup import BackupStatus
from bot.monitoring.scheduled_backups import overdue
from bot.presentation.backups import backups_told
from bot.settings import Settings

_NAME = "backups"


async def look_at_backups(settings: Settings) -> list[DoctorFinding]:
    """Return how old the newest backup is; nothing is expected of a bot that never ran."""
    return [await asyncio.to_thread(_looked, settings, datetime.now(UTC))]


def _looked(settings: Settings, now: datetime) -> DoctorFinding:
    folder, config = backup_folder(settings), settings.config.backup
    if not (settings.state / "theseus.sqlite3").exists():
        return good(_NAME, "there is nothing to back up yet")
    try:
        known = backups_in(folder)
        writable = os.access(_there(folder), os.W_OK | os.X_OK)
    except OSError as error:
        return bad(_NAME, f"{folder} cannot be read ({error.strerror})", _MEND)
    if not writable:
        return bad(_NAME, f"{folder} cannot be written to", _MEND)
    newest = known[0] if known else None
    late = overdue(config, newest, None, now)
    status = BackupStatus(newest=newest, count=len(known), overdue=newest is not None and late)
    told = f"{backups_told(status, now)} in {folder}"
    if newest is None or late:
        return note(_NAME, told, "Make one now: theseus backup")
    if config.cron is None:
        return note(_NAME, told, "None is made by itself: set backup.cron, or make them otherwise.")
    if _same_disk(folder, settings.state):
        return good(_NAME, f"{told}, on the same disk as the state")
    return good(_NAME, told)


_MEND = "Let the bot's account write there, or set backup.folder to another folder."


def _there(folder: Path) -> Path:
    """Return the folder, or the first above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev

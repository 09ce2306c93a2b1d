"""Checks the backups: their number, age and location."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.state_backups import list_backups
from bot.app.backups import get_backup_folder
from bot.domain.backup import BackupStatus
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.monitoring.scheduled_backups import is_overdue
from bot.presentation.backups import describe_backups
from bot.settings import Settings

_NAME = "backups"


async def look_at_backups(settings: Settings) -> list[DoctorFinding]:
    """Check the age of the newest backup. A bot that never ran needs none."""
    return [await asyncio.to_thread(_check_backups, settings, datetime.now(UTC))]


def _check_backups(settings: Settings, now: datetime) -> DoctorFinding:
    folder, config = get_backup_folder(settings), settings.config.backup
    if not (settings.state / "theseus.sqlite3").exists():
        return report_good(_NAME, "there is nothing to back up yet")
    try:
        known = list_backups(folder)
        writable = os.access(_find_existing(folder), os.W_OK | os.X_OK)
    except OSError as error:
        return report_bad(_NAME, f"{folder} cannot be read ({error.strerror})", _REMEDY)
    if not writable:
        return report_bad(_NAME, f"{folder} cannot be written to", _REMEDY)
    newest = known[0] if known else None
    late = is_overdue(config, newest, None, now)
    status = BackupStatus(newest=newest, count=len(known), overdue=newest is not None and late)
    message = f"{describe_backups(status, now)} in {folder}"
    if newest is None or late:
        return report_note(_NAME, message, "Make one now: theseus backup")
    if config.cron is None:
        remedy = "There are no automatic backups: set backup.cron, or make backups in another way."
        return report_note(_NAME, message, remedy)
    if _is_same_disk(folder, settings.state):
        return report_good(_NAME, f"{message}, on the same disk as the state")
    return report_good(_NAME, message)


_REMEDY = "Let the bot's account write there, or set backup.folder to another folder."


def _find_existing(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def _is_same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev

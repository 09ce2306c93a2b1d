"""Resolves the folder of backups."""

from pathlib import Path

from bot.settings import Settings


def get_backup_folder(settings: Settings) -> Path:
    """Return the folder that backups are stored in."""
    folder = settings.config.backup.folder
    return settings.root / folder.expanduser() if folder else settings.state / "backups"

"""Finds the archives of backups, for commands and for shell completion."""

from bot.adapters.state_backups import list_backups
from bot.app.backups import get_backup_folder
from bot.domain.backup import Backup
from bot.domain.errors import ConfigError, TheseusError
from bot.settings import Settings, load_settings


def find_backups(settings: Settings) -> tuple[Backup, ...]:
    """Return the backups, the newest first. Raises `ConfigError` if the folder is unreadable."""
    folder = get_backup_folder(settings)
    try:
        return list_backups(folder)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be read ({error.strerror}). Fix that, or set backup.folder."
        ) from error


def complete_backup(incomplete: str) -> list[tuple[str, str]]:
    """Return the archives whose path or name starts with `incomplete`, each with its time."""
    try:
        known = find_backups(load_settings())
    except TheseusError:
        return []
    return [
        (str(each.file), f"{each.made_at:%Y-%m-%d %H:%M} UTC")
        for each in known
        if str(each.file).startswith(incomplete) or each.file.name.startswith(incomplete)
    ]

"""Resolves the folder of backups."""

from pathlib import Path

from bot.app.state_parts import PARTS
from bot.app.state_stores import StateStores
from bot.domain.backup import LeftOut
from bot.settings import Settings


def get_backup_folder(settings: Settings) -> Path:
    """Return the folder that backups are stored in."""
    folder = settings.config.backup.folder
    return settings.root / folder.expanduser() if folder else settings.state / "backups"


def list_elsewhere(settings: Settings) -> tuple[LeftOut, ...]:
    """Return the state that is not in the state folder, so that no backup contains it."""
    stores = StateStores.find(settings.state, settings.environment)
    place = stores.place
    if place is None:
        return ()
    why = "PostgreSQL keeps it: back it up with pg_dump at the same time"
    schemas = ", ".join(part.get_place(place).schema for part in PARTS)
    left_out = (LeftOut(name=f"{place.name}, schemas {schemas}", why=why),)
    if stores.anchor_folder == settings.state:
        return left_out
    why = "all machines share it: copy it as a folder"
    return (*left_out, LeftOut(name=str(stores.anchor_folder), why=why))

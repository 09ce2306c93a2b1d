"""Backups of the state folder, one compressed archive each."""

from bot.adapters.state_backups._archive import OnBytes
from bot.adapters.state_backups._backups import StateBackups, backups_in
from bot.adapters.state_backups._contents import is_made_anew
from bot.adapters.state_backups._extraction import extract, read_manifest
from bot.adapters.state_backups._maker import ROOM, free_bytes

__all__ = [
    "ROOM",
    "OnBytes",
    "StateBackups",
    "backups_in",
    "extract",
    "free_bytes",
    "is_made_anew",
    "read_manifest",
]

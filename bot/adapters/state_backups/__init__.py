"""Backups of the state folder, each a compressed archive."""

from bot.adapters.state_backups._archive import OnBytes
from bot.adapters.state_backups._backups import StateBackups, list_backups
from bot.adapters.state_backups._contents import is_recreated
from bot.adapters.state_backups._extraction import extract, read_manifest
from bot.adapters.state_backups._maker import ROOM, get_free_bytes

__all__ = [
    "ROOM",
    "OnBytes",
    "StateBackups",
    "extract",
    "get_free_bytes",
    "is_recreated",
    "list_backups",
    "read_manifest",
]

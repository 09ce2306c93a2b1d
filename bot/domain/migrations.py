"""Where the migrations of the state's databases are defined."""

MIGRATION_SOURCES = ("bot/adapters", "bot/hot_reload", "bot/infra")
"""Folders of code, by their paths from the root."""

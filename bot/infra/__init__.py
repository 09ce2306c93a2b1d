"""Plumbing that adapters share: git, SQLite, files, locks."""

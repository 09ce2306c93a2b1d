"""Selects what goes into a backup: everything in the state folder except what is listed here."""

import os
import re
import sqlite3
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from bot.domain.backup import LeftOut
from bot.infra.schema_versions import DATABASES
from bot.infra.sqlite_copy import is_before_migration, is_database

FORGE = "forge.git"
JOURNAL = "journal"
SNAPSHOTS = "traffic/snapshots"
NAME = re.compile(r"theseus-(\d{8}T\d{6})Z(?:-\d+)?\.tar\.gz", re.ASCII)
LARGEST_SNAPSHOTS = 32 * 1024 * 1024

# By their path in the state folder. Everything else is included, as it may belong to a cog.
_RECREATED = {
    "cache": "a cache",
    "worktrees": "made for each run",
    "claude": "the engine's own home",
    "gateway": "sockets",
    "journal.sqlite3": "the index of the journal, recreated from its files",
    "full-checks.json": "a cache",
    "advisories.json": "imported by `theseus advisories update`",
}
_BACKUPS = "backups"
_EARLIER, _MIGRATED = "earlier backups", "a copy from before a migration"
_SIDE_FILES = re.compile(
    r"-(wal|shm|journal)$|\.lock$|^lock$|\.\d+\.([0-9a-f]{8}|copy)$|^\.theseus-"
)
_SECRET = re.compile(r"^\.env|\.pem$")


class StateContents(NamedTuple):
    """Paths relative to the state folder.

    The journal and the forge are listed when they are read.
    """

    databases: tuple[str, ...]
    files: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def is_backup(name: str) -> bool:
    """Return whether a file name is that of a backup archive."""
    return NAME.fullmatch(name) is not None


def is_never_backed_up(name: str) -> bool:
    """Return whether no backup may contain a file of that name.

    Restoring such a file would be wrong, because the bot gives the name another meaning.
    """
    first, _, inside = name.partition("/")
    if first in _RECREATED or (first == _BACKUPS and inside):
        return True
    return first != FORGE and any(_SIDE_FILES.search(part) for part in name.split("/"))


def is_recreated(left: LeftOut) -> bool:
    """Return whether a left-out item is not needed: a cache, or part of other backups."""
    return left.name in _RECREATED or left.why in (_EARLIER, _MIGRATED)


def list_contents(state: Path, without: Collection[Path] = ()) -> StateContents:
    """Return the current contents of the folder, without the folders `without`.

    Raises `OSError`.
    """
    databases: list[str] = []
    files: list[str] = []
    left_out: list[LeftOut] = []
    for name, why_not in _walk(state, state, {folder.resolve() for folder in without}):
        if why_not:
            left_out.append(LeftOut(name=name, why=why_not))
            continue
        try:
            # A database of the bot with a damaged header must not count as a plain file: opening it
            # fails.
            own = name in DATABASES and (state / name).stat().st_size > 0
            (databases if own or is_database(state / name) else files).append(name)
        except FileNotFoundError:
            continue  # it was removed meanwhile
        except sqlite3.Error as error:
            left_out.append(LeftOut(name=name, why=f"it cannot be read: {error}"))
    return StateContents(tuple(databases), tuple(files), tuple(left_out))


def _walk(state: Path, folder: Path, without: Collection[Path]) -> Iterator[tuple[str, str]]:
    """Yield the names of files, and of left-out items with the reason."""
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        name = Path(entry.path).relative_to(state).as_posix()
        why_not = _explain_exclusion(name, entry, without)
        if why_not is None:
            continue
        if why_not or entry.is_file(follow_symlinks=False):
            yield name.encode(errors="backslashreplace").decode(), why_not
        elif name not in (FORGE, JOURNAL):
            yield from _walk(state, Path(entry.path), without)


def _explain_exclusion(name: str, entry: os.DirEntry[str], without: Collection[Path]) -> str | None:
    """Return why an entry is left out, "" if it is included, `None` if nobody needs to know."""
    base_name = entry.name
    reason = _RECREATED.get(name, "")
    if _SIDE_FILES.search(base_name):
        return None
    if is_before_migration(base_name):
        reason = _MIGRATED
    elif _SECRET.search(base_name):
        reason = "a secret: keep it where your other secrets are"
    elif not _is_printable(name):
        reason = "its name contains special characters"
    elif entry.is_symlink():
        reason = "a link"
    elif not (stat.S_ISREG(mode := _mode(entry)) or stat.S_ISDIR(mode)):
        reason = "not a file"
    elif name == SNAPSHOTS and (size := _measure_size(Path(entry.path))) > LARGEST_SNAPSHOTS:
        reason = f"copies of cogs' files at failures, {size / 1e6:.0f} MB"
    elif Path(entry.path).resolve() in without or is_backup(base_name):
        reason = _EARLIER
    return reason


def _is_printable(name: str) -> bool:
    return name.isprintable() and "\\" not in name


def _mode(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return stat.S_IFREG  # it was removed meanwhile; reading it will fail


def _measure_size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))

"""What of a state folder goes into a backup: everything, but what is listed here."""

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

# By their name from the state folder. What is not named here is somebody's: a cog's, perhaps.
_RECREATED = {
    "cache": "a cache",
    "worktrees": "made for each run",
    "claude": "the engine's own home",
    "gateway": "sockets",
    "journal.sqlite3": "the index of the journal, made anew from its files",
    "full-checks.json": "a cache",
}
_BACKUPS = "backups"
_EARLIER, _MIGRATED = "earlier backups", "a copy from before a migration"
_SIDE_FILES = re.compile(
    r"-(wal|shm|journal)$|\.lock$|^lock$|\.\d+\.([0-9a-f]{8}|copy)$|^\.theseus-"
)
_SECRET = re.compile(r"^\.env|\.pem$")


class StateContents(NamedTuple):
    """Names from the state folder. The journal and the forge are looked up when they are read."""

    databases: tuple[str, ...]
    files: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def is_backup(name: str) -> bool:
    """Whether a file of that name is one of our archives."""
    return NAME.fullmatch(name) is not None


def is_never_backed_up(name: str) -> bool:
    """Whether no backup holds a file of that name: it would be taken for something else."""
    first, _, inside = name.partition("/")
    if first in _RECREATED or (first == _BACKUPS and inside):
        return True
    return first != FORGE and any(_SIDE_FILES.search(part) for part in name.split("/"))


def is_recreated(left: LeftOut) -> bool:
    """Whether nobody misses what was left out: a cache, or what other backups hold."""
    return left.name in _RECREATED or left.why in (_EARLIER, _MIGRATED)


def list_contents(state: Path, without: Collection[Path] = ()) -> StateContents:
    """Return what is in the folder now, but for the folders `without`. Raises `OSError`."""
    databases: list[str] = []
    files: list[str] = []
    left_out: list[LeftOut] = []
    for name, why_not in _walk(state, state, {each.resolve() for each in without}):
        if why_not:
            left_out.append(LeftOut(name=name, why=why_not))
            continue
        try:
            # One of ours whose first bytes are damaged is no plain file: opening it says so.
            ours = name in DATABASES and (state / name).stat().st_size > 0
            (databases if ours or is_database(state / name) else files).append(name)
        except FileNotFoundError:
            continue  # it is gone since
        except sqlite3.Error as error:
            left_out.append(LeftOut(name=name, why=f"it cannot be read: {error}"))
    return StateContents(tuple(databases), tuple(files), tuple(left_out))


def _walk(state: Path, folder: Path, without: Collection[Path]) -> Iterator[tuple[str, str]]:
    """Yield the names of files, and of what is left out with the reason."""
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda each: each.name)
    for entry in listed:
        name = Path(entry.path).relative_to(state).as_posix()
        why_not = _explain_exclusion(name, entry, without)
        if why_not is None:
            continue
        if why_not or entry.is_file(follow_symlinks=False):
            yield name.encode(errors="backslashreplace").decode(), why_not
        elif name not in (FORGE, JOURNAL):
            yield from _walk(state, Path(entry.path), without)


def _explain_exclusion(name: str, entry: os.DirEntry[str], without: Collection[Path]) -> str | None:
    """Return why an entry is left out, `""` where it is not; `None`: nobody would miss it."""
    last = entry.name
    why = _RECREATED.get(name, "")
    if _SIDE_FILES.search(last):
        return None
    if is_before_migration(last):
        why = _MIGRATED
    elif _SECRET.search(last):
        why = "a secret: keep it where your other secrets are"
    elif not _is_printable(name):
        why = "its name is no plain text"
    elif entry.is_symlink():
        why = "a link"
    elif not (stat.S_ISREG(mode := _mode(entry)) or stat.S_ISDIR(mode)):
        why = "no file"
    elif name == SNAPSHOTS and (size := _measure_size(Path(entry.path))) > LARGEST_SNAPSHOTS:
        why = f"copies of cogs' files at failures, {size / 1e6:.0f} MB"
    elif Path(entry.path).resolve() in without or is_backup(last):
        why = _EARLIER
    return why


def _is_printable(name: str) -> bool:
    return name.isprintable() and "\\" not in name


def _mode(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return stat.S_IFREG  # it is gone since; whoever reads it will see


def _measure_size(folder: Path) -> int:
    return sum(each.lstat().st_size for each in folder.rglob("*"))

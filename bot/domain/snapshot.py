"""Snapshots: copies of a cog's files at a failure, and which files belong to a cog."""

import re

from pydantic import AwareDatetime
from theseus_guard.record import Record

# Files with these prefixes belong to the bot itself, which uses the same folder as the cogs.
_OURS = frozenset(
    {"audit", "cache", "forge", "journal", "ledger", "lock", "memory", "pseudonyms", "STOP"}
    | {"observed", "target", "targets", "theseus", "traffic", "worktrees"}
)
_COMPANION_SUFFIXES = (
    "-wal",
    "-shm",
    "-journal",
    ".lock",
)  # a database is copied together with the content of these
_END = re.compile(r"[._-]")


class CogSnapshot(Record):
    """The files that were copied, and those left out because of their size."""

    failure_id: str
    fingerprint: str
    cog: str
    at: AwareDatetime
    files: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def is_cog_file(name: str, cog: str) -> bool:
    """Return whether a file or folder in the cogs' data folder belongs to that cog.

    Its name is the cog's module, alone or with a suffix: `polls`, `polls.sqlite3`,
    `polls-old.json`, `polls_cache`. The bot's own files belong to no cog.
    """
    if not cog or _END.split(name)[0] in _OURS or name.endswith(_COMPANION_SUFFIXES):
        return False
    return name.startswith(cog) and (name == cog or _END.match(name[len(cog)]) is not None)

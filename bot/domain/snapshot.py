"""A snapshot: the files a cog had when it failed, and which files are a cog's."""

import re

from pydantic import AwareDatetime

from bot.domain.record import Record

# What begins so is the bot's own, in the same folder, whatever cogs there are.
_OURS = frozenset(
    {"audit", "cache", "forge", "journal", "ledger", "lock", "memory", "pseudonyms", "STOP"}
    | {"theseus", "traffic", "worktrees"}
)
_COMPANION_SUFFIXES = (
    "-wal",
    "-shm",
    "-journal",
    ".lock",
)  # a database's copy has what is in these
_END = re.compile(r"[._-]")


class CogSnapshot(Record):
    """What was copied: the names of files, and those left out for their size."""

    failure_id: str
    fingerprint: str
    cog: str
    at: AwareDatetime
    files: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def is_cog_file(name: str, cog: str) -> bool:
    """Whether a file or folder of that name, where cogs keep files, is that cog's.

    It is called as the cog's module, alone or with an ending: `polls`, `polls.sqlite3`,
    `polls-old.json`, `polls_cache`. The bot's own files are no cog's.
    """
    if not cog or _END.split(name)[0] in _OURS or name.endswith(_COMPANION_SUFFIXES):
        return False
    return name.startswith(cog) and (name == cog or _END.match(name[len(cog)]) is not None)

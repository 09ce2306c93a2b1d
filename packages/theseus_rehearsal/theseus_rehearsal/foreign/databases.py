"""The databases of a bot: what its replays begin with."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from theseus_rehearsal.foreign.stand_ins import iterate_files
from theseus_rehearsal.foreign.start import BotStart

_SQLITE = b"SQLite format 3\0"
_SUFFIXES = (".db", ".sqlite", ".sqlite3", ".db3")


class Databases(NamedTuple):
    """What a bot's databases begin with; by default they are empty.

    `sqlite` is a folder whose SQLite files are copied: they contain people's data. `setup` is the
    bot's own program that builds its tables in PostgreSQL.
    """

    sqlite: Path | None = None
    setup: BotStart | None = None


EMPTY = Databases()


def copy_databases(source: Path, folder: Path) -> list[str]:
    """Copy the SQLite files of a folder that a copy does not contain; return their names.

    They are copied through SQLite, so that a running bot's unfinished writes are left out.
    """
    copied = []
    for path in iterate_files(source, _SUFFIXES):
        target = folder / path.relative_to(source)
        with path.open("rb") as file:
            is_database = file.read(len(_SQLITE)) == _SQLITE
        if is_database and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with (
                closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as original,
                closing(sqlite3.connect(target)) as copy,
            ):
                original.backup(copy)
            copied.append(target.relative_to(folder).as_posix())
    return copied

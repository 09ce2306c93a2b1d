"""Where the migrations of the state's databases are defined, and which ones a change adds."""

import re

from theseus_guard.unified_diff import parse

MIGRATION_SOURCES = ("bot/adapters", "bot/hot_reload", "bot/infra")
"""Folders of code, by their paths from the root."""

_MIGRATION = re.compile(r"""\bMigration\(\s*["']([^"'\n]{1,100})["']""")


def find_new_migrations(diff: str) -> tuple[str, ...]:
    """Return the names of migrations that the code has after the change and not before.

    Once they have run, older code cannot open the state any more. A name that is composed at run
    time is not found.
    """
    before, after = set[str](), dict[str, None]()
    for patch in parse(diff):
        if not patch.path.startswith(tuple(f"{folder}/" for folder in MIGRATION_SOURCES)):
            continue
        for hunk in patch.hunks:
            sides = [
                "\n".join(text for sign, text in hunk.lines if sign in side)
                for side in (" -", " +")
            ]
            before.update(_MIGRATION.findall(sides[0]))
            after.update(dict.fromkeys(_MIGRATION.findall(sides[1])))
    return tuple(name for name in after if name not in before)

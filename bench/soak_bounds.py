"""How much each figure of a soak may grow a day; what is in no list here may not grow."""

from collections.abc import Mapping

from bench.soak_measures import FLAT, Bound

_KEPT = "removed with `keep_days`"
_BY_DAY: Mapping[str, Bound] = {
    "memory, MB": Bound(per_day=1.5, why="caches of a fixed size fill"),
    "objects": Bound(per_day=3000, why="caches of a fixed size fill"),
    "tasks": Bound(per_day=0.2, why="a cog's own wait"),
    "loose objects": Bound(per_day=12, why="commits; git packs them at 6,700"),
    "references": Bound(per_day=1.5, why="two a run, removed with it; two a branch of the forge"),
    "references of the forge": Bound(per_day=0.5, why="one a proposal: the forge's own"),
    "rows of forge.sqlite3 pulls": Bound(per_day=0.5, why="proposals: the forge's own"),
    "files in cache/": Bound(per_day=1, why="ruff's own, one a checked version"),
    "files in journal/": Bound(per_day=1.1, why=_KEPT),
    "rows of polls.sqlite3 poll": Bound(per_day=1.1, why="the cog's own, one a poll"),
    "rows of live_items.sqlite3 versions": Bound(per_day=2, why="10 an item, 50 MB at most"),
    "rows of memory.sqlite3 memories": Bound(per_day=1, why="two a run; `/forget` removes one"),
    "rows of theseus.sqlite3 shelf": Bound(per_day=1.5, why="incidents and watches"),
    "rows of journal.sqlite3 files": Bound(per_day=1.1, why=_KEPT),
    "rows of journal.sqlite3 records": Bound(per_day=80, why=_KEPT),
    "rows of traffic/traffic.sqlite3 traffic": Bound(per_day=70, why=_KEPT),
    "rows of theseus.sqlite3 audit_log": Bound(per_day=20, why=_KEPT),
    "rows of theseus.sqlite3 audit_notes": Bound(per_day=20, why=_KEPT),
    "rows of theseus.sqlite3 outbox": Bound(per_day=25, why=_KEPT),
    "rows of theseus.sqlite3 runs": Bound(per_day=0.5, why=_KEPT),
    "rows of theseus.sqlite3 approvals": Bound(per_day=0.5, why=_KEPT),
    "rows of theseus.sqlite3 stage_records": Bound(per_day=8, why=_KEPT),
}
_SIZE = Bound(per_day=1.5, why="with its rows")


def find_bound(name: str) -> Bound:
    """Return the bound of a figure while the bot is busy."""
    return _SIZE if name.startswith("size of ") else _BY_DAY.get(name, FLAT)


def find_silent_bound(name: str) -> Bound:
    """Return the bound of a figure while nothing happens but the daily work."""
    if name == "memory, MB" or name == "objects":
        return _BY_DAY[name]
    return FLAT

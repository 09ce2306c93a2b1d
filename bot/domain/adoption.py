"""How a changed file becomes active: one table, and functions that read it."""

from collections.abc import Iterable
from typing import Literal

AdoptionWay = Literal["hot", "cog", "settings", "restart", "install", "service", "none"]
"""How a changed file becomes active.

`hot`: the file is read again immediately. `cog`: its cog is reloaded. `settings`: some settings
apply immediately, others after a restart. `restart`: the next process runs it. `install`: the next
process runs it, after the new dependencies have been installed. `service`: the service that starts
the bot must be restarted. `none`: the file is not part of the running bot.
"""

_PATHS_BY_WAY: tuple[tuple[AdoptionWay, tuple[str, ...]], ...] = (
    ("hot", ("prompts/",)),
    ("cog", ("cogs/",)),
    ("settings", ("data/config.yaml",)),
    ("install", ("pyproject.toml", "uv.lock")),
    ("service", ("bot/supervisor/",)),
    ("restart", ("bot/", "packages/")),
    ("none", ("bench/", "data/", "deploy/", "docs/", "tests/", ".ci/", ".github/", "Makefile")),
)
"""Folders end in a slash. The first row that contains a path applies."""


def get_adoption_way(path: str) -> AdoptionWay:
    """Return how a changed file becomes active, by its path from the root.

    A Python file that is in no row counts as core code, so that it is never reported as live before
    a restart.
    """
    for way, places in _PATHS_BY_WAY:
        if any(path == place or (place[-1] == "/" and path.startswith(place)) for place in places):
            return way
    return "restart" if path.endswith(".py") else "none"


def filter_by_way(paths: Iterable[str], *ways: AdoptionWay) -> tuple[str, ...]:
    """Return the paths that become active in one of these ways, in their original order."""
    return tuple(path for path in paths if get_adoption_way(path) in ways)

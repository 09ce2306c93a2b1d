"""How a changed file comes to run: the one table, and what follows from it."""

from collections.abc import Iterable
from typing import Literal

AdoptionWay = Literal["hot", "cog", "settings", "restart", "install", "service", "none"]
"""`hot`: read again at once. `cog`: its cog is loaded anew. `settings`: some count at once, others
after a restart. `restart`: the next process runs it. `install`: so, once what it names is
installed. `service`: when the service that starts the bot is restarted. `none`: it does not run.
"""

_PATHS_BY_WAY: tuple[tuple[AdoptionWay, tuple[str, ...]], ...] = (
    ("hot", ("prompts/",)),
    ("cog", ("cogs/",)),
    ("settings", ("data/config.yaml",)),
    ("install", ("pyproject.toml", "uv.lock")),
    ("service", ("bot/supervisor/",)),
    ("restart", ("bot/", "local_discord/")),
    ("none", ("bench/", "data/", "deploy/", "docs/", "tests/", ".ci/", ".github/", "Makefile")),
)
"""Folders end in a slash. The first row that a path is in counts."""


def get_adoption_way(path: str) -> AdoptionWay:
    """Return how a changed file, by its path from the root, comes to run.

    Of what is in no row, code is taken for the core's: nothing is called live that may not be.
    """
    for way, places in _PATHS_BY_WAY:
        if any(path == place or (place[-1] == "/" and path.startswith(place)) for place in places):
            return way
    return "restart" if path.endswith(".py") else "none"


def filter_by_way(paths: Iterable[str], *ways: AdoptionWay) -> tuple[str, ...]:
    """Return those that come to run in one of these ways, in their order."""
    return tuple(path for path in paths if get_adoption_way(path) in ways)

"""How much each figure of a soak may grow a day."""

from bench.soak_measures import FLAT, Bound


def find_bound(name: str) -> Bound:
    """Return the bound of a figure while the bot is busy."""
    return FLAT


def find_silent_bound(name: str) -> Bound:
    """Return the bound of a figure while nothing happens."""
    return FLAT

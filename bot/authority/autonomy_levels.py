"""How far the bot goes on its own. It never merges on its own, whatever the level."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from pydantic import Field
from theseus_guard.protection import is_covered
from theseus_guard.record import Record

from bot.domain.anomaly import Rule


class Level(StrEnum):
    """What the bot does after an anomaly, from least to most."""

    REPORT = "report"
    INVESTIGATE = "investigate"
    PROPOSE = "propose"


class PathLevel(Record):
    """A level for failures in some files (glob patterns, `**` allowed)."""

    paths: tuple[str, ...] = Field(min_length=1)
    level: Level


def _build_default_levels() -> dict[Rule, Level]:
    return {Rule.LATENCY: Level.INVESTIGATE}


class Autonomy(Record):
    """Levels by rule and by path; the lowest level that applies counts.

    `an_hour` limits the runs that the bot starts on its own in an hour.
    """

    level: Level = Level.PROPOSE
    rules: dict[Rule, Level] = Field(default_factory=_build_default_levels)
    paths: tuple[PathLevel, ...] = ()
    an_hour: int = Field(default=5, ge=0, le=1_000)


_ORDER = tuple(Level)


def restrict_autonomy(granted: Autonomy, wanted: Autonomy) -> Autonomy:
    """Return the wanted levels, limited to what was granted."""
    rules = dict(granted.rules)
    for rule, level in wanted.rules.items():
        rules[rule] = min(level, rules.get(rule, level), key=_ORDER.index)
    others = tuple(entry for entry in granted.paths if entry not in wanted.paths)
    return granted.replace(
        level=min(granted.level, wanted.level, key=_ORDER.index),
        rules=rules,
        paths=(*wanted.paths, *others),
        an_hour=min(granted.an_hour, wanted.an_hour),
    )


_RULES = {
    Rule.ERROR_RATE: "too many failures",
    Rule.REPEATED_ERROR: "a failure that comes back",
    Rule.LATENCY: "slowness",
}
_NO_TEST = "no test fails for slowness, so nothing could prove a fix"


def find_level(autonomy: Autonomy, rule: Rule, files: Iterable[str]) -> tuple[Level, str]:
    """Return how far the bot goes after an anomaly of that rule, and the reason as people read it.

    `files` are those of the failure's traceback, relative to the project's root. The lowest of all
    levels that apply counts; among equal ones, the first is named.
    """
    limits = tuple(_iterate_limits(autonomy, rule, tuple(files)))
    level, why = min(limits, key=lambda limit: _ORDER.index(limit[0]))
    return level, f"{level}: {why}"


def _iterate_limits(
    autonomy: Autonomy, rule: Rule, files: tuple[str, ...]
) -> Iterator[tuple[Level, str]]:
    yield autonomy.level, "the general level"
    if rule in autonomy.rules:
        yield autonomy.rules[rule], f"that is as far as I go for {_RULES[rule]}"
    if rule is Rule.LATENCY:
        yield Level.INVESTIGATE, _NO_TEST
    for each in autonomy.paths:
        if touched := next((file for file in files if is_covered(file, each.paths)), None):
            patterns = ", ".join(f"`{pattern}`" for pattern in each.paths)
            yield each.level, f"`{touched}` is under {patterns}"

"""How far the bot goes by itself. It never merges, whatever stands here."""

from enum import StrEnum

from pydantic import Field

from bot.domain.anomaly import Rule
from bot.domain.record import Record


class Level(StrEnum):
    """What follows from an anomaly, from least to most."""

    REPORT = "report"
    INVESTIGATE = "investigate"
    PROPOSE = "propose"


class PathLevel(Record):
    """A level for failures in some files (glob patterns, `**` allowed)."""

    paths: tuple[str, ...] = Field(min_length=1)
    level: Level


def _levels() -> dict[Rule, Level]:
    return {Rule.LATENCY: Level.INVESTIGATE}


class Autonomy(Record):
    """Levels by rule and by path; the lowest that applies counts.

    `an_hour` bounds the runs the bot starts by itself in any hour.
    """

    level: Level = Level.PROPOSE
    rules: dict[Rule, Level] = Field(default_factory=_levels)
    paths: tuple[PathLevel, ...] = ()
    an_hour: int = Field(default=5, ge=0, le=1_000)

"""Whose fault a failure is, before anybody changes code for it."""

from enum import StrEnum
from typing import Literal

from bot.domain.record import Record


class Origin(StrEnum):
    """Where the cause lies."""

    OUTSIDE = "outside"  # a third party: timeouts, 5xx, DNS
    INPUT = "input"  # what people typed, and refusing it is right
    CODE = "code"  # ours
    DATA = "data"  # what we keep: a damaged file, a row that should not be
    ENVIRONMENT = "environment"  # this machine: disk, memory, permissions, a missing program
    UNKNOWN = "unknown"


class Triage(Record):
    """A judgement with its reasons, for people. Only `code` and `data` go to an engine."""

    origin: Origin = Origin.UNKNOWN
    reasons: tuple[str, ...] = ()
    confidence: Literal["low", "medium", "high"] = "low"

    @property
    def ours(self) -> bool:
        """Whether changing this project's code could mend it."""
        return self.origin in (Origin.CODE, Origin.DATA, Origin.UNKNOWN)

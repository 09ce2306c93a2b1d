"""Whose fault a failure is, before anybody changes code for it."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

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
    """A judgement with its reasons, for people.

    Only what may be ours goes to an engine, and `remedies` where a person says so.
    """

    origin: Origin = Origin.UNKNOWN
    reasons: tuple[str, ...] = ()
    confidence: Literal["low", "medium", "high"] = "low"
    whose: str = Field(default="", description="who fails, where it is `outside`: `Discord`")
    remedies: tuple[str, ...] = Field(
        default=(), description="what is ours to do about a failure of somebody else's, best first"
    )

    @property
    def ours(self) -> bool:
        """Whether changing this project's code could mend it."""
        return self.origin in (Origin.CODE, Origin.DATA, Origin.UNKNOWN)

    @property
    def summary(self) -> str:
        """The judgement in a sentence or two; what is not ours says so."""
        begins = {
            Origin.OUTSIDE: f"That is {self.whose or 'somebody else'}'s, not ours",
            Origin.INPUT: "That is about what was typed, and refusing it is right",
            Origin.ENVIRONMENT: "That is this machine's or its set-up's, not our code's",
            Origin.CODE: "That is our code's",
            Origin.DATA: "That is about what we keep",
            Origin.UNKNOWN: "I cannot tell whose that is",
        }
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        return f"{begins[self.origin]}{why}.{self._ending}"

    @property
    def _ending(self) -> str:
        if self.ours:
            return ""
        if self.remedies:
            return f" What is ours to do about it: {'; '.join(self.remedies)}."
        return " There is nothing of ours to change."

"""Triage: the origin of a failure, decided before any code is changed."""

from enum import StrEnum
from typing import Literal

from pydantic import Field
from theseus_guard.record import Record


class Origin(StrEnum):
    """Where the cause is."""

    OUTSIDE = "outside"  # a third party: timeouts, 5xx, DNS
    INPUT = "input"  # what people typed, and the command is right to refuse it
    CODE = "code"  # ours
    DATA = "data"  # stored data: a damaged file, an invalid row
    ENVIRONMENT = "environment"  # this machine: disk, memory, permissions, a missing program
    UNKNOWN = "unknown"


class Triage(Record):
    """A judgement with its reasons, as people read them.

    Only failures that may be ours go to an engine, and `remedies` only if a person asks for one.
    """

    origin: Origin = Origin.UNKNOWN
    reasons: tuple[str, ...] = ()
    confidence: Literal["low", "medium", "high"] = "low"
    whose: str = Field(default="", description="who fails, if it is `outside`: `Discord`")
    remedies: tuple[str, ...] = Field(
        default=(), description="what we can do about someone else's failure, best first"
    )

    @property
    def ours(self) -> bool:
        """True if a change of this project's code could fix it."""
        return self.origin in (Origin.CODE, Origin.DATA, Origin.UNKNOWN)

    @property
    def summary(self) -> str:
        """The judgement in a sentence or two. It says so if there is nothing of ours to change."""
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

"""Several candidates of one wanted change, of which the best is proposed."""

from pydantic import Field

from bot.domain.change import ChangeSet, Verdict
from bot.domain.record import Record


class ProvenCandidate(Record):
    """One that holds, with the verdict that says so. Numbers count from 1, as written."""

    number: int = Field(ge=1)
    change_set: ChangeSet
    verdict: Verdict


class DroppedCandidate(Record):
    """One that does not hold, and why."""

    number: int = Field(ge=1)
    why: str


class Candidates(Record):
    """What came of the candidates that were written in one attempt of a run, out of `most`.

    `present` is the one that is being written; once one is `chosen`, that one. `why` is why it is
    that one, and why no more were written where that is so, for people.
    """

    attempt: int = Field(ge=1)
    most: int = Field(ge=2)
    present: int = Field(default=1, ge=1)
    held: tuple[ProvenCandidate, ...] = ()
    dropped: tuple[DroppedCandidate, ...] = ()
    chosen: bool = False
    why: str = ""

    @property
    def judged_count(self) -> int:
        """How many have been judged."""
        return len(self.held) + len(self.dropped)

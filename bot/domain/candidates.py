"""Several candidates for one requested change; the best of them is proposed."""

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.change import ChangeSet, Verdict


class ProvenCandidate(Record):
    """A candidate that passed, with its verdict.

    `number` counts from 1, in the order of writing.
    """

    number: int = Field(ge=1)
    change_set: ChangeSet
    verdict: Verdict


class DroppedCandidate(Record):
    """A candidate that did not pass, and why."""

    number: int = Field(ge=1)
    why: str


class Candidates(Record):
    """The candidates written in one attempt of a run, at most `most`.

    `present` is the number of the candidate being written, or of the chosen one once `chosen` is
    true. `why` explains to people why that one was chosen, and, if fewer than `most` were written,
    why.
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
        """The number of candidates that have been judged."""
        return len(self.held) + len(self.dropped)

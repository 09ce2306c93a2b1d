"""Several candidates for one change; the best of them is proposed."""

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.change import ChangeSet, Verdict


class ProvenCandidate(Record):
    """A candidate that passed, with its verdict.

    `number` counts from 1, in the order of writing. `approach` is the plan's approach that it
    follows, if the plan has several.
    """

    number: int = Field(ge=1)
    change_set: ChangeSet
    verdict: Verdict
    approach: str = ""


class DroppedCandidate(Record):
    """A candidate that did not pass, and why."""

    number: int = Field(ge=1)
    why: str
    approach: str = ""


class CandidateVote(Record):
    """A reviewer's vote between candidates that all hold, with its reason, as text by a model.

    Without a `choice`, the reviewer preferred none, or could not vote.
    """

    voter: str
    choice: int | None = None
    reason: str = ""


class Candidates(Record):
    """The candidates written in one attempt of a run, at most `most`.

    `present` is the number of the candidate being written, or of the chosen one once `chosen` is
    true. `why` explains to people why that one was chosen, and, if fewer than `most` were written,
    why. `votes` only decide between candidates that the rules rate equal. Candidates that were
    written side by side are judged already when one of them is chosen.
    """

    attempt: int = Field(ge=1)
    most: int = Field(ge=2)
    present: int = Field(default=1, ge=1)
    held: tuple[ProvenCandidate, ...] = ()
    dropped: tuple[DroppedCandidate, ...] = ()
    chosen: bool = False
    why: str = ""
    votes: tuple[CandidateVote, ...] = ()
    is_side_by_side: bool = False

    @property
    def approach(self) -> str:
        """The name of the present candidate's approach; empty if it has none of its own."""
        known: tuple[ProvenCandidate | DroppedCandidate, ...] = (*self.held, *self.dropped)
        return next((each.approach for each in known if each.number == self.present), "")

    @property
    def judged_count(self) -> int:
        """The number of candidates that have been judged."""
        return len(self.held) + len(self.dropped)

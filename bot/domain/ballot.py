"""A ballot between candidates of one change, and what a reviewer answers."""

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.cost import Cost

MOST_VOTES = 5
LONGEST_REASON = 400


class BallotEntry(Record):
    """A candidate on a ballot: its diff, and what our program measured.

    There is no text in which an engine speaks of its own work. `label` differs from voter to voter,
    so that no candidate can know it.
    """

    label: str
    diff: str
    facts: str


class CandidateBallot(Record):
    """The candidates between which one reviewer chooses; `problem` is what they have to solve."""

    run_id: str
    person_id: int
    attempt: int = 1
    voter: int = Field(ge=1, description="the number of the voter, which names its conversation")
    problem: str
    entries: tuple[BallotEntry, ...] = Field(min_length=2)


class BallotAnswer(Cost):
    """The label of the chosen candidate, or "" if none is better, and the reason."""

    label: str = ""
    reason: str = ""

"""Which of several candidates of a change is proposed: rules over what was proven of each."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.candidates import Candidates, ProvenCandidate
from bot.guards import count_program_lines


class CandidateRank(NamedTuple):
    """What candidates are compared by, the gravest first; the lowest is the best.

    `pending_instructions` is what people asked that it does not know, `unasked` how many answers it changes
    though nobody asked for that, `lines` its size without tests and documents, and `objected`
    whether its reviewer did not approve.
    """

    pending_instructions: int
    unasked: int
    lines: int
    objected: bool
    number: int


_DECIDED = {
    "pending_instructions": "it alone has all that was asked meanwhile",
    "unasked": "it changes fewer answers that were to stay as they are",
    "lines": "it is the smallest that holds",
    "objected": "its reviewer approved it",
    "number": "nothing tells it from the others, and it was the first",
}


def choose_best(candidates: Candidates) -> ProvenCandidate:
    """Return the best of those that hold; there has to be one."""
    return min(candidates.held, key=lambda each: _rank(each, candidates.held))


def explain_best(candidates: Candidates) -> str:
    """Return the first thing that tells the best from the next best, in words."""
    ranks = sorted(_rank(each, candidates.held) for each in candidates.held)
    if len(ranks) == 1:
        return "no other holds" if candidates.judged_count > 1 else "no other was written"
    first, second = ranks[:2]
    return next(
        told for name, told in _DECIDED.items() if getattr(first, name) != getattr(second, name)
    )


def _rank(candidate: ProvenCandidate, among: Sequence[ProvenCandidate]) -> CandidateRank:
    """Return what a candidate is compared by; what the best informed has heard, all could have."""
    change, behaviour = candidate.change_set, candidate.verdict.behaviour
    return CandidateRank(
        pending_instructions=max(each.change_set.instruction_count for each in among)
        - change.instruction_count,
        unasked=behaviour.unasked if behaviour else 0,
        lines=count_program_lines(change.files),
        objected=change.approved is False,
        number=candidate.number,
    )

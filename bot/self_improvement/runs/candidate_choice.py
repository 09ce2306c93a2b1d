"""Chooses which of several candidates of a change is proposed, by rules over their verdicts."""

from collections.abc import Sequence
from typing import NamedTuple

from theseus_guard import count_program_lines

from bot.domain.candidates import Candidates, ProvenCandidate


class CandidateRank(NamedTuple):
    """The criteria by which candidates are compared, most important first; the lowest is best.

    `pending_instructions` is the number of instructions that the candidate does not include,
    `unasked` the number of output changes that were not requested, `lines` its size without tests
    and documents, and `objected` whether its reviewer did not approve it.
    """

    pending_instructions: int
    unasked: int
    lines: int
    objected: bool
    number: int


_DECIDED = {
    "pending_instructions": "it alone includes all that was asked meanwhile",
    "unasked": "it changes fewer answers that should stay the same",
    "lines": "it is the smallest candidate that holds",
    "objected": "its reviewer approved it",
    "number": "it is as good as the others, and it was the first",
}


def choose_best(candidates: Candidates) -> ProvenCandidate:
    """Return the best of the candidates that hold. At least one has to hold."""
    return min(candidates.held, key=lambda each: _rank(each, candidates.held))


def explain_best(candidates: Candidates) -> str:
    """Return, as text, the first criterion that separates the best from the second best."""
    ranks = sorted(_rank(each, candidates.held) for each in candidates.held)
    if len(ranks) == 1:
        return "no other holds" if candidates.judged_count > 1 else "no other was written"
    first, second = ranks[:2]
    return next(
        text for name, text in _DECIDED.items() if getattr(first, name) != getattr(second, name)
    )


def _rank(candidate: ProvenCandidate, among: Sequence[ProvenCandidate]) -> CandidateRank:
    """Return a candidate's rank. Instructions are counted against the best informed candidate."""
    change, behaviour = candidate.change_set, candidate.verdict.behaviour
    return CandidateRank(
        pending_instructions=max(each.change_set.instruction_count for each in among)
        - change.instruction_count,
        unasked=behaviour.unasked if behaviour else 0,
        lines=count_program_lines(change.files),
        objected=change.approved is False,
        number=candidate.number,
    )

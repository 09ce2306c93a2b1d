"""Chooses which of several candidates of a change is proposed, by rules over their verdicts."""

from typing import NamedTuple

from theseus_guard import count_program_lines, hash_diff

from bot.domain.candidates import Candidates, ProvenCandidate


class CandidateRank(NamedTuple):
    """The criteria by which candidates are compared, most important first; the lowest is best.

    `pending_instructions` is the number of instructions that the candidate does not include,
    `unasked` the number of output changes that were not requested, and `warnings` what the guard
    and the gates want people to accept. Only then `other_votes` count, for another candidate.
    `lines` is its size without tests and documents, and `objected` whether its reviewer did not
    approve it.
    """

    pending_instructions: int
    unasked: int
    warnings: int
    other_votes: int
    lines: int
    objected: bool
    number: int


_RULES = CandidateRank._fields.index("other_votes")
_WARNINGS = ("protected_path", "new_dependency", "slower", "gate")
_DECIDED = {
    "pending_instructions": "it alone includes all that was asked meanwhile",
    "unasked": "it changes fewer answers that should stay the same",
    "warnings": "it needs less that people have to accept: guarded files, dependencies, slowness",
    "other_votes": "most reviewers voted for it",
    "lines": "it is the smallest candidate that holds",
    "objected": "its reviewer approved it",
    "number": "it is as good as the others, and it was the first",
}


def choose_best(candidates: Candidates) -> ProvenCandidate:
    """Return the best of the candidates that hold. At least one has to hold."""
    return min(candidates.held, key=lambda each: _rank(each, candidates))


def explain_best(candidates: Candidates) -> str:
    """Return, as text, the first criterion that separates the best from the second best."""
    ranks = sorted(_rank(each, candidates) for each in candidates.held)
    if len(ranks) == 1:
        return "no other holds" if candidates.judged_count > 1 else "no other was written"
    first, second = ranks[:2]
    return next(
        text for name, text in _DECIDED.items() if getattr(first, name) != getattr(second, name)
    )


def list_equal_candidates(candidates: Candidates) -> tuple[ProvenCandidate, ...]:
    """Return the candidates between which votes decide: all that the rules before them rate best.

    There are none if only one is left, or if all of them are the same change.
    """
    ranks = {each.number: _rank(each, candidates)[:_RULES] for each in candidates.held}
    best = min(ranks.values(), default=())
    equal = tuple(each for each in candidates.held if ranks[each.number] == best)
    are_different = len({hash_diff(each.change_set.diff) for each in equal}) > 1
    return equal if are_different else ()


def _rank(candidate: ProvenCandidate, among: Candidates) -> CandidateRank:
    """Return a candidate's rank. Instructions are counted against the best informed candidate."""
    change, behaviour = candidate.change_set, candidate.verdict.behaviour
    choices = [vote.choice for vote in among.votes if vote.choice is not None]
    warnings = [each for each in candidate.verdict.findings if each.rule in _WARNINGS]
    return CandidateRank(
        pending_instructions=max(each.change_set.instruction_count for each in among.held)
        - change.instruction_count,
        unasked=behaviour.unasked if behaviour else 0,
        warnings=len(warnings),
        other_votes=sum(choice != candidate.number for choice in choices),
        lines=count_program_lines(change.files),
        objected=change.approved is False,
        number=candidate.number,
    )

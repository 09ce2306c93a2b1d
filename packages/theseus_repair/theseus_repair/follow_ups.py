"""Proposes candidates from the results of others: twins at once, numbers and pairs late."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from theseus_repair.fitted_numbers import KIND, FittedNumbers
from theseus_repair.model import Candidate, Problem, RepairAttempt
from theseus_repair.nearness import measure_progress
from theseus_repair.pairs import build_pairs
from theseus_repair.twins import widen


@dataclass
class FollowUps:
    """Proposes from attempts; stores those that came near. `singles`: single edits, best first."""

    problem: Problem
    singles: Sequence[Candidate]
    near: list[RepairAttempt] = field(default_factory=list)
    _numbers: FittedNumbers = field(init=False)
    _reckoned: dict[tuple[str, int], Candidate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = FittedNumbers(self.problem)

    def propose_immediate(self, attempt: RepairAttempt) -> list[Candidate]:
        """Return the candidates to try at once because of this attempt."""
        candidate, number = attempt.candidate, self._numbers.propose_next(attempt)
        if number is not None and candidate.kind == KIND:
            return [number]
        if number is not None:
            self._reckoned[number.path, number.edits[0].start] = number
        came_near = measure_progress(self.problem, attempt.judgement) > 0
        if came_near:
            self.near.append(attempt)
        if not came_near and not attempt.judgement.is_passing:
            return []
        error = self.problem.crashes[0].error if self.problem.crashes else ""
        both = widen(candidate, self.problem.texts, error)
        return [both] if both is not None else []

    def propose_late(self) -> list[Candidate]:
        """Return the candidates for when single edits fail: calculated numbers, and pairs."""
        numbers, self._reckoned = list(self._reckoned.values()), {}
        return [*numbers, *build_pairs(self.problem, self.near, self.singles)]

"""Calculates integer constants that are off by more than one from an assertion's two values.

Two values of a constant and the test's results with them define a line. The next value to try is
where the line meets the expected result; between two values on either side of it, the middle.
"""

from dataclasses import dataclass, field, replace

from theseus_repair.expectation import parse_expectation
from theseus_repair.model import Candidate, Crash, Problem, RepairAttempt, SourceEdit

KIND = "reckoned constant"
TRIES = 8  # for each constant: a line through two points is usually right at once
# Relative to a single edit: some constant can nearly always be fitted to one expected number.
RANK = 0.01
CAVEAT = "the number was calculated from the only answer that the test expects"
Place = tuple[str, int, int]


@dataclass
class FittedNumbers:
    """Proposes values for constants that were tried already; remembers the results."""

    problem: Problem
    _seen: dict[Place, dict[int, float]] = field(default_factory=dict)
    _tries: dict[Place, int] = field(default_factory=dict)

    def propose_next(self, attempt: RepairAttempt) -> Candidate | None:
        """Return the next value to try for the constant that this attempt changed, if any."""
        candidate, judgement = attempt.candidate, attempt.judgement
        if (
            judgement.is_passing
            or candidate.kind not in ("constant", KIND)
            or len(candidate.edits) != 1
        ):
            return None
        before = _parse_numbers(self.problem.crashes_by_test.get(next(iter(judgement.failed), "")))
        after = _parse_numbers(judgement.crash)
        edit = candidate.edits[0]
        old, new = (
            _parse_int(self.problem.texts[edit.path][edit.start : edit.end]),
            _parse_int(edit.text),
        )
        if before is None or after is None or old is None or new is None or before[1] != after[1]:
            return None
        place = (edit.path, edit.start, edit.end)
        seen = self._seen.setdefault(place, {old: before[0] - before[1]})
        seen[new] = after[0] - after[1]
        value = _estimate_next(seen)
        self._tries[place] = self._tries.get(place, 0) + 1
        if value is None or self._tries[place] > TRIES:
            return None
        return self._build_candidate(candidate, edit, value)

    def _build_candidate(self, candidate: Candidate, edit: SourceEdit, value: int) -> Candidate:
        text = self.problem.texts[edit.path][edit.start : edit.end]
        one = len(self.problem.failing) < 2
        return replace(
            candidate,
            kind=KIND,
            edits=(replace(edit, text=str(value)),),
            why=f"replace `{text}` by `{value}`",
            rank=candidate.rank if candidate.kind == KIND else candidate.rank * RANK,
            caveat=CAVEAT if one else "",
        )


def _parse_numbers(crash: Crash | None) -> tuple[float, float] | None:
    """Return the two numbers that an assertion compared: what it got, what it expected."""
    expectation = parse_expectation(crash)
    if expectation is None or not all(
        type(side) in (int, float) for side in (expectation.got, expectation.wanted)
    ):
        return None
    return (float(expectation.got), float(expectation.wanted))  # type: ignore[arg-type]


def _parse_int(code: str) -> int | None:
    try:
        return int(code.replace("_", ""))
    except ValueError:
        return None


def _estimate_next(seen: dict[int, float]) -> int | None:
    """Return the constant at which the difference should be zero; `None` if it is unknown.

    `seen` maps constants to the difference between the test's result and the expectation.
    """
    if len(set(seen.values())) < 2:
        return None
    below = [value for value, miss in seen.items() if miss < 0]
    above = [value for value, miss in seen.items() if miss > 0]
    nearest = sorted(seen, key=lambda value: abs(seen[value]))
    if below and above:
        first = max(below, key=lambda value: seen[value])
        second = min(above, key=lambda value: seen[value])
    else:
        first = nearest[0]
        second = next(value for value in nearest if seen[value] != seen[first])
    slope = (seen[second] - seen[first]) / (second - first)
    guess = round(first - seen[first] / slope)
    if guess in seen and below and above:
        guess = (first + second) // 2
    return None if guess in seen else guess

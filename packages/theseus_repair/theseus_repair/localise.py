"""Localises the fault by test coverage (Ochiai), the crash and suspect hunks."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from theseus_repair.model import Crash, Problem, SuspectHunk, Texts

# The weights of the evidence add up: a line that all three point to scores 1.35.
COVERAGE, INNERMOST, HUNK = 0.55, 0.45, 0.35
FRAME_FADE = 0.6  # each outer frame of the traceback counts this much of the one inside it
# Python's message for a call with wrong arguments: `Cart.add() missing 1 required ...`.
MISCALLED = re.compile(r"(?:[\w<>]+\.)*(\w+)\(\) (?:missing|takes|got) ")
UNSEEN = 0.08  # for lines without coverage data: module level, or coverage was not measured


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Scores by path and line, roughly 0 to 1.35; `covered` are the lines failing tests ran."""

    scores: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    covered: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @property
    def has_coverage(self) -> bool:
        """True if the coverage of some failing test is known."""
        return any(self.covered.values())

    def get_score(self, path: str, lines: range) -> float:
        """Return the highest score among some lines."""
        scores = self.scores.get(path, {})
        return max((scores.get(line, 0.0) for line in lines), default=0.0)

    def list_top(self, count: int) -> tuple[tuple[str, int, float], ...]:
        """Return the most suspicious lines: path, line, score."""
        flat = [
            (path, line, score) for path, by in self.scores.items() for line, score in by.items()
        ]
        return tuple(sorted(flat, key=lambda item: (-item[2], item[0], item[1]))[:count])


def compute_ochiai(failed: int, passed: int, failing: int) -> float:
    """Return the Ochiai score of a line run by so many failing and passing tests."""
    if not failed or not failing:
        return 0.0
    return failed / math.sqrt(failing * (failed + passed))


def localise(problem: Problem) -> Suspicion:
    """Score every line of the problem's texts for which there is any evidence."""
    scores: dict[str, dict[int, float]] = {path: {} for path in problem.texts}
    covered = _score_by_coverage(problem, scores)
    for crash in problem.crashes:
        _score_by_frames(crash, scores, 1 / len(problem.crashes))
        _score_by_name(crash, problem.texts, scores)
    for hunk in problem.hunks:
        _score_by_hunk(hunk, scores, covered)
    return Suspicion(scores, covered)


def _score_by_coverage(
    problem: Problem, scores: dict[str, dict[int, float]]
) -> dict[str, frozenset[int]]:
    hits: dict[tuple[str, int], list[int]] = {}
    for test, files in problem.coverage.items():
        side = 0 if test in problem.failing else 1
        for path, lines in files.items():
            for line in lines if path in scores else ():
                hits.setdefault((path, line), [0, 0])[side] += 1
    failing = sum(1 for test in problem.coverage if test in problem.failing)
    covered: dict[str, set[int]] = {path: set() for path in scores}
    for (path, line), (failed, passed) in hits.items():
        if failed:
            scores[path][line] = COVERAGE * compute_ochiai(failed, passed, failing)
            covered[path].add(line)
    return {path: frozenset(lines) for path, lines in covered.items()}


def _score_by_frames(crash: Crash, scores: dict[str, dict[int, float]], share: float) -> None:
    weight = INNERMOST * max(share, 0.4)
    for frame in reversed([frame for frame in crash.frames if frame.path in scores]):
        at = scores[frame.path]
        at[frame.line] = min(1.0, at.get(frame.line, UNSEEN) + weight)
        for near in (frame.line - 1, frame.line + 1):
            if near in at:
                at[near] += weight * 0.25
        weight *= FRAME_FADE


def _score_by_name(crash: Crash, texts: Texts, scores: dict[str, dict[int, float]]) -> None:
    """Raise the score of a `def` line whose call had wrong arguments: no line of it ran."""
    called = MISCALLED.match(crash.message) if crash.error == "TypeError" else None
    if called is None:
        return
    head = re.compile(rf"\s*(?:async\s+)?def\s+{called[1]}\s*\(")
    for path, at in scores.items():
        for number, line in enumerate(texts[path].splitlines(), 1):
            if head.match(line):
                at[number] = max(at.get(number, 0.0), INNERMOST)


def _score_by_hunk(
    hunk: SuspectHunk, scores: dict[str, dict[int, float]], covered: Mapping[str, frozenset[int]]
) -> None:
    if hunk.path not in scores:
        return
    at, line = scores[hunk.path], hunk.new_start
    weight = HUNK / (1 + hunk.age)
    for mark in hunk.lines:
        if mark.startswith("+") and (line in at or not covered.get(hunk.path)):
            at[line] = at.get(line, UNSEEN) + weight
        if not mark.startswith("-"):
            line += 1

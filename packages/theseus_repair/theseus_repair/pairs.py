"""Pairs of edits that only together fix a failure: a near miss, and an edit for the next crash.

The near miss changes how the test fails; the new crash says where to look for the second edit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from theseus_repair.candidates import propose
from theseus_repair.localise import localise
from theseus_repair.model import Candidate, Crash, Problem, RepairAttempt, SourceEdit, TraceFrame
from theseus_repair.nearness import measure_progress

FIRST_EDITS, SECOND_EDITS = 6, 60
FRAMES, BESIDE = 2, 3  # innermost frames of the new crash, and lines around each
RANK = 0.001  # relative to a single edit: every single edit comes before every pair
CAVEAT = "it takes two edits at once, and of the many pairs there are only the likeliest were tried"


def build_pairs(
    problem: Problem, near: Sequence[RepairAttempt], singles: Sequence[Candidate]
) -> list[Candidate]:
    """Return pairs of a near miss and another edit, the likeliest first. Blocks: computes.

    The other edit is one at the new crash, or else one of the `singles`, best first.
    """
    # An edit that breaks a passing test is no progress: a second edit would only fit that test.
    first = [
        each
        for each in near
        if each.candidate.caveat != CAVEAT
        and not problem.passing.intersection(each.judgement.failed)
    ]
    ranked = sorted(
        first, key=lambda each: (-measure_progress(problem, each.judgement), each.number)
    )
    known: dict[tuple[TraceFrame, ...], list[Candidate]] = {}
    rows = [
        list(_pair_with(attempt, chain(_list_crash_edits(problem, attempt, known), singles)))
        for attempt in ranked[:FIRST_EDITS]
    ]
    # In turns: all pairs of the first near miss would leave no time for the others.
    return [pair for column in zip_longest(*rows) for pair in column if pair is not None]


def _list_crash_edits(
    problem: Problem,
    attempt: RepairAttempt,
    known: dict[tuple[TraceFrame, ...], list[Candidate]],
) -> list[Candidate]:
    """Return edits around the lines of the crash after an attempt, cached in `known`."""
    crash = attempt.judgement.crash
    if crash is None:
        return []
    crash = _as_before(problem, attempt.candidate, crash)
    inner = tuple(frame for frame in crash.frames if frame.path in problem.texts)[-FRAMES:]
    if inner and inner not in known:
        # All edits of a long file would take seconds, so only these lines are edited.
        lines = {
            frame.path: frozenset(range(frame.line - BESIDE, frame.line + BESIDE + 1))
            for frame in inner
        }
        test = next(iter(attempt.judgement.failed), "")
        local_problem = Problem(
            {path: problem.texts[path] for path in lines},
            (replace(crash, frames=inner),),
            coverage={test: lines},
            failing=frozenset({test}),
        )
        known[inner] = propose(local_problem, localise(local_problem))[:SECOND_EDITS]
    return known.get(inner, [])


def _pair_with(attempt: RepairAttempt, others: Iterable[Candidate]) -> Iterator[Candidate]:
    first = attempt.candidate
    seconds = (each for each in others if is_disjoint(first.edits, each.edits))
    for _, second in zip(range(SECOND_EDITS), seconds, strict=False):
        yield Candidate(
            edits=(*first.edits, *second.edits),
            kind="pair" if "revert" not in (first.kind, second.kind) else "revert",
            why=f"{first.why}; {second.why} (line {second.line})",
            rank=RANK * first.rank * second.rank,
            line=first.line,
            caveat=CAVEAT,
        )


def is_disjoint(edits: Iterable[SourceEdit], others: Sequence[SourceEdit]) -> bool:
    """Return whether none of these edits overlaps one of the others."""
    return all(
        one.path != other.path or one.end < other.start or other.end < one.start
        for one in edits
        for other in others
    )


def _as_before(problem: Problem, first: Candidate, crash: Crash) -> Crash:
    """Return the crash with its line numbers as before the first edit."""
    return replace(
        crash, frames=tuple(_shift_back(problem, first, frame) for frame in crash.frames)
    )


def _shift_back(problem: Problem, first: Candidate, frame: TraceFrame) -> TraceFrame:
    line = frame.line
    for edit in first.edits:
        if edit.path == frame.path:
            text = problem.texts[edit.path]
            added = edit.text.count("\n") - text.count("\n", edit.start, edit.end)
            if text.count("\n", 0, edit.start) + 1 < frame.line:
                line -= added
    return replace(frame, line=max(1, line), span=None)

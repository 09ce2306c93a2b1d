"""Two edits that only together mend a failure: a near miss, and what to do about what is left.

The near miss changes how the test fails; how it fails then says where to look for the second edit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from bot.repair.candidates import propose
from bot.repair.localise import localise
from bot.repair.model import Candidate, Crash, Problem, RepairAttempt, SourceEdit, TraceFrame
from bot.repair.nearness import progress

FIRST_EDITS, SECOND_EDITS = 6, 60
RANK = 0.001  # of a single edit: any single one comes before any pair
CAVEAT = "it takes two edits at once, and of the many pairs there are only the likeliest were tried"


def pairs(problem: Problem, near: Sequence[RepairAttempt]) -> list[Candidate]:
    """Return pairs of a near miss and another edit, the likeliest first; blocks for a while."""
    single = [each for each in near if each.candidate.caveat != CAVEAT]
    ranked = sorted(single, key=lambda each: (-progress(problem, each.judgement), each.number))
    rows = [list(_with(problem, attempt)) for attempt in ranked[:FIRST_EDITS]]
    return [pair for column in zip_longest(*rows) for pair in column if pair is not None]


def _with(problem: Problem, attempt: RepairAttempt) -> Iterator[Candidate]:
    first, crash = attempt.candidate, attempt.judgement.crash
    if crash is None:
        return
    there = replace(problem, crashes=(_as_before(problem, first, crash),))
    seconds = (each for each in propose(there, localise(there)) if apart(first.edits, each.edits))
    for _, second in zip(range(SECOND_EDITS), seconds, strict=False):
        yield Candidate(
            edits=(*first.edits, *second.edits),
            kind="pair" if "revert" not in (first.kind, second.kind) else "revert",
            why=f"{first.why}; {second.why} (line {second.line})",
            rank=RANK * first.rank * second.rank,
            line=first.line,
            caveat=CAVEAT,
        )


def apart(edits: Iterable[SourceEdit], others: Sequence[SourceEdit]) -> bool:
    """Return whether none of these edits touches what one of the others replaces."""
    return all(
        one.path != other.path or one.end < other.start or other.end < one.start
        for one in edits
        for other in others
    )


def _as_before(problem: Problem, first: Candidate, crash: Crash) -> Crash:
    """Return the crash with its lines as they were counted before the first edit."""
    return replace(crash, frames=tuple(_unmoved(problem, first, frame) for frame in crash.frames))


def _unmoved(problem: Problem, first: Candidate, frame: TraceFrame) -> TraceFrame:
    line = frame.line
    for edit in first.edits:
        if edit.path == frame.path:
            text = problem.texts[edit.path]
            added = edit.text.count("\n") - text.count("\n", edit.start, edit.end)
            if text.count("\n", 0, edit.start) + 1 < frame.line:
                line -= added
    return replace(frame, line=max(1, line), span=None)

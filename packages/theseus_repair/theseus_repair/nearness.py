"""Measures how near a failing candidate came: how much it fixed, how much further a test got."""

from collections.abc import Iterator, Sequence

from theseus_repair.expectation import parse_expectation
from theseus_repair.model import Crash, Judgement, Problem, RepairAttempt, TraceFrame

# Progress from 0 to 1, ordered by how sure it is: some failing tests pass, a test gets further, an
# assertion fails instead of a crash, an assertion is nearer to its value, the crash is elsewhere.
SOME_PASS, LATER_LINE, NO_CRASH, NEARER, CRASH_MOVED, OTHER_CRASH = 0.9, 0.7, 0.5, 0.4, 0.35, 0.3


def measure_progress(problem: Problem, judgement: Judgement) -> float:
    """Return 0 for a candidate without progress, and up to 1 for one that nearly fixed it."""
    if judgement.is_passing or judgement.stage != "reproduction" or judgement.timed_out:
        return 0.0
    if judgement.passed:
        return SOME_PASS * min(1.0, 0.5 + judgement.passed / max(1, judgement.total))
    before = problem.crashes_by_test.get(next(iter(judgement.failed), ""))
    after = judgement.crash
    if before is None or after is None:
        return 0.0
    return _measure_advance(problem, before, after)


def iterate_nearest(near: Sequence[RepairAttempt]) -> Iterator[RepairAttempt]:
    """Yield near misses, the nearest first; none that only extends an earlier one."""
    yielded: list[RepairAttempt] = []
    for attempt in sorted(near, key=_measure_nearness):
        edits, why = set(attempt.candidate.edits), attempt.candidate.why
        if not any(
            set(one.candidate.edits) <= edits or one.candidate.why == why for one in yielded
        ):
            yielded.append(attempt)
            yield attempt


def _measure_nearness(attempt: RepairAttempt) -> tuple[float, float]:
    judgement = attempt.judgement
    later = 0.0 if judgement.stage == "affected" else 1.0
    return (later - judgement.passed / max(1, judgement.total), -attempt.candidate.rank)


def _measure_advance(problem: Problem, before: Crash, after: Crash) -> float:
    """Return how much further a test got that ended in `before`, and ends in `after` now."""
    was, now = _find_test_frame(problem, before), _find_test_frame(problem, after)
    if was is None or now is None or (was.path, was.function) != (now.path, now.function):
        return 0.0
    if now.line != was.line:
        return LATER_LINE if now.line > was.line else 0.0
    asserted = after.error == "AssertionError"
    if before.error == "AssertionError":
        return NEARER if asserted and _is_nearer(before, after) else 0.0
    if asserted and len(after.frames) <= len(before.frames):
        return NO_CRASH
    return _measure_crash_move(before, after)


def _find_test_frame(problem: Problem, crash: Crash) -> TraceFrame | None:
    """Return the last frame of the test itself: the one before code that may be changed."""
    outside = [frame for frame in crash.frames if frame.path not in problem.texts]
    return outside[0] if outside and crash.frames[0] == outside[0] else None


def _is_nearer(before: Crash, after: Crash) -> bool:
    was, now = parse_expectation(before), parse_expectation(after)
    return was is not None and now is not None and now.distance < was.distance


def _measure_crash_move(before: Crash, after: Crash) -> float:
    """Return the progress if the crash is further on; more for an equal error than another one."""
    if not before.frames or not after.frames:
        return 0.0
    was, now = before.frames[-1], after.frames[-1]
    same, deeper = before.error == after.error, len(after.frames) - len(before.frames)
    if deeper == 0 and was.path == now.path and now.line > was.line:
        return CRASH_MOVED if same else OTHER_CRASH * (was.function == now.function)
    return CRASH_MOVED if same and deeper > 0 else 0.0

"""Decides from paired measurements whether a command became slower. Pure functions.

Base and head are measured in turns, so both see the same load of the machine. Only the differences
of pairs count, with an interval for their median: what a busy machine makes uncertain stays
undecided, and is never called slower.
"""

from collections.abc import Sequence
from statistics import median
from typing import Literal, NamedTuple

FEW, MANY = 5, 15
"""Rounds after which a command can be called as fast as before, and after which it is decided."""

_TRIMMED = {FEW: 0, MANY: 2}
"""So many of the ordered differences lie outside of the interval of the median, on each side.

Of 15 differences the third and the thirteenth enclose the median with 99 % confidence.
"""

Decision = Literal["same", "slower", "undecided"]


class Limit(NamedTuple):
    """How much slower counts: more than both, a share of base and seconds."""

    share: float
    seconds: float


class PairComparison(NamedTuple):
    """The decision, with the medians of base and head in seconds."""

    decision: Decision
    before: float
    after: float
    least: float
    most: float


def compare_pairs(pairs: Sequence[tuple[float, float]], limit: Limit) -> PairComparison:
    """Return whether head is slower than base by more than the limit.

    With fewer than `MANY` pairs nothing is called slower.
    """
    before = median(base for base, _ in pairs)
    differences = sorted(head - base for base, head in pairs)
    allowed = max(limit.share * before, limit.seconds)
    is_complete = len(pairs) >= MANY
    trimmed = _TRIMMED[MANY] if is_complete else _TRIMMED[FEW]
    least, most = differences[trimmed], differences[-1 - trimmed]
    decision: Decision = "undecided"
    if most <= allowed:
        decision = "same"
    elif least > allowed and is_complete:
        decision = "slower"
    return PairComparison(decision, before, median(head for _, head in pairs), least, most)

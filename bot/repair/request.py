"""What is asked of the engine."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.repair.calls import StatedAnswer
from bot.repair.confirmation import Accepts, accept_all
from bot.repair.model import Candidate, Crash, EditTemplate, RefusedCandidate, SuspectHunk, Texts
from bot.repair.runner import TimeLimits
from bot.repair.sibling_tests import SiblingCache


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """What to repair. `reproduction` and `affected` are pytest paths or node ids below `root`.

    `capsule` is what production saw; the reproduction's own failure adds to it. `hunks` come from
    `reverts.parse_diff` of the suspect commits, newest first, `templates` from what earlier commits
    replaced. `allowed` limits the files that may
    change (empty: any but tests), `spared` may not. `refused` are the texts of fixes, by path, that
    others turned down before; `failed` are the hashes (`diff_hash`) of changes that were shipped
    for this and did not hold. `maybe` names files to look at where there is no coverage. `written`
    says that people wrote the reproduction, so that it looks at answers as any test does, and
    `answered` that one made from a failure is held to an answer too. `known` are the commits all of
    whose code is in `hunks`. `limits` are for the tests
    of the tree as it stands. `accepts` is asked as well.
    `stated` is what people said calls answer: what answers otherwise is no fix. `first` are
    candidates to try before all others, `otherwise` those known to answer otherwise than was said,
    and `considered` how many had their turn by then.
    `beside` is what is known of the tests beside, on this very tree.
    `by_exit` says that how a program ends is all there is to judge by: no edit may end it.
    `write` leaves the fix in the tree.
    """

    root: Path
    reproduction: tuple[str, ...]
    affected: tuple[str, ...] = ()
    capsule: Crash | None = None
    hunks: tuple[SuspectHunk, ...] = ()
    templates: tuple[EditTemplate, ...] = ()
    allowed: tuple[str, ...] = ()
    spared: frozenset[str] = frozenset()
    refused: tuple[Texts, ...] = ()
    failed: frozenset[str] = frozenset()
    maybe: tuple[str, ...] = ()
    written: bool = False
    answered: bool = False
    known: frozenset[str] = frozenset()
    imported: bool = False
    by_exit: bool = False
    seconds: float = 60.0
    limits: TimeLimits = field(default_factory=lambda: TimeLimits(5.0, 3.0, 30.0))
    accepts: Accepts = accept_all
    stated: tuple[StatedAnswer, ...] = ()
    first: tuple[Candidate, ...] = ()
    otherwise: tuple[RefusedCandidate, ...] = ()
    considered: int = 0
    sibling_results: SiblingCache = field(default_factory=SiblingCache)
    write: bool = True

"""The input of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from theseus_repair.calls import StatedAnswer
from theseus_repair.confirmation import Accepts, accept_all
from theseus_repair.model import (
    Candidate,
    Crash,
    EditTemplate,
    RefusedCandidate,
    SuspectHunk,
    Texts,
)
from theseus_repair.runner import TimeLimits
from theseus_repair.sibling_tests import SiblingCache


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """What to repair. `reproduction` and `affected` are pytest paths or node ids below `root`.

    `capsule` is the failure in production; the reproduction's own failure adds to it. `hunks` are
    the suspect commits', from `reverts.parse_diff`, newest first; `known` are the commits whose
    complete code is in `hunks`. `templates` are replacements that earlier commits made.
    `allowed` limits the files that may change (empty: any but tests), `spared` may not change.
    `refused` are the texts, by path, of fixes that were refused before; `failed` are the hashes
    (`hash_diff`) of changes that were shipped for this and did not hold. `maybe` are files to edit
    if there is no coverage.
    `written` says that people wrote the reproduction, so that it checks answers as any test does;
    `answered` says that a generated reproduction checks an answer too.
    `limits` are for tests of the unchanged tree. `accepts` is a further check of candidates.
    `stated` are the answers that people gave: a candidate that answers differently is no fix.
    `first` are candidates to try before all others, `otherwise` candidates known to contradict a
    stated answer, and `considered` how many were tried before.
    `beside` is the cached result of the other tests on this very tree.
    `by_exit` says that only the program's exit is judged: no edit may end the program.
    `options` are those of pytest for others who judge candidates.
    `edit_factors` say by how much operators' kinds of edit are favoured (0.5 to 2): they change the
    order of the search, and never what is accepted.
    `write` leaves the fix in the tree. `python` is that of the tests: edits use what its discord.py
    has.
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
    options: tuple[str, ...] = ()
    edit_factors: Mapping[str, float] = field(default_factory=dict)
    write: bool = True
    python: Path | None = None

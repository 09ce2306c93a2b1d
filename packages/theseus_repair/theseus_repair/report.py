"""The final report of `theseus repair`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from theseus_repair.explain import explain
from theseus_repair.model import (
    Candidate,
    ChangedCall,
    Label,
    Proof,
    RefusedCandidate,
    Rival,
    SearchReport,
)


@dataclass(frozen=True, slots=True)
class RepairReport:
    """The report of `theseus repair`. `diff` is unified, with `a/` and `b/`; times are seconds.

    `repaired`: there is a fix that is good enough. A less good one is included all the same, with
    its `label` (`model.Label`). `rivals` are other edits with which the command passes, each with
    its `edit`, `file`, `line` and a `call` with different answers (`this`, `other`); `alike` are
    those that no call distinguishes from the fix. `losses` are calls that end worse with the fix
    (`call`, `before`, `after`). `refused` are edits that made the command pass and are not
    proposed, each with its `edit`, `file`, `line`, the `reason` and the `label`: `weak tests`, or
    `said otherwise`. `stated` are the answers that a person said are right, as sentences. `proof`
    is `tests`, `answer`, `undo` or `call` (`model.Proof`).
    """

    repaired: bool
    file: str | None
    diff: str
    kind: str | None
    explanation: str
    tried: int
    seconds: float
    files: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    tried_by_kind: dict[str, int] = field(default_factory=dict)
    applied: bool = False
    proof: Proof | None = None
    refused: tuple[dict[str, str | int], ...] = ()
    label: Label | None = None
    rivals: tuple[dict[str, str | int], ...] = ()
    alike: tuple[dict[str, str | int], ...] = ()
    losses: tuple[dict[str, str], ...] = ()
    stated: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def repair_report(
    report: SearchReport,
    diff: str,
    failing: tuple[str, ...],
    *,
    repaired: bool,
    applied: bool,
    command: bool,
) -> RepairReport:
    """Return the report of a search; `command`: only the exit code of a command was judged."""
    fix = report.fix
    return RepairReport(
        repaired=repaired,
        file=fix.path if fix else None,
        diff=diff,
        kind=fix.kind if fix else None,
        explanation=explain(report, command=command),
        tried=report.attempts,
        seconds=round(report.seconds, 3),
        files=(*report.files, *report.tests) if fix else (),
        failing=failing,
        tried_by_kind=dict(report.tried),
        applied=applied,
        proof=report.proof if fix else None,
        refused=tuple(map(dump_refusal, report.refused)),
        label=report.label if fix else None,
        rivals=tuple(map(dump_rival, report.rivals)) if fix else (),
        alike=tuple(map(place, report.indistinguishable)) if fix else (),
        losses=tuple(map(dump_loss, report.losses)) if fix else (),
        stated=tuple(answer.description for answer in report.stated),
    )


def dump_refusal(refused: RefusedCandidate) -> dict[str, str | int]:
    """Return a refused edit as plain values."""
    label = "said otherwise" if refused.stated else "weak tests"
    return {**place(refused.candidate), "label": label, "reason": refused.reason}


def dump_rival(rival: Rival) -> dict[str, str | int]:
    """Return another edit as plain values."""
    content = {"call": rival.call, "this": rival.ours, "other": rival.theirs}
    return {**place(rival.candidate), **content}


def place(edit: Candidate) -> dict[str, str | int]:
    """Return what an edit does and where as plain values."""
    return {"edit": edit.why, "file": edit.path, "line": edit.line}


def dump_loss(changed: ChangedCall) -> dict[str, str]:
    """Return a call that ends worse as plain values."""
    return {"call": changed.call, "before": changed.before, "after": changed.after}

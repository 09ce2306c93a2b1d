"""What `theseus repair` says in the end."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bot.repair.model import ChangedCall, Label, Proof, RefusedCandidate, Rival


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What `theseus repair` says. `diff` is unified, with `a/` and `b/`; times are seconds.

    `repaired`: there is a fix as good as was asked for. One that is not is given all the same, with
    its `label` (`model.Label`). `rivals` are other edits with which the command passes, each with
    its `edit`, `file`, `line` and a `call` that tells them apart (`this`, `other`); `losses` are
    calls that end worse with the fix (`call`, `before`, `after`). `refused` are edits that made
    the command pass and are not given, each with its `edit`, `file`, `line`, the `reason` and the
    `label`: `weak tests`, or `said otherwise`. `stated` are the answers that a person said are
    right, as sentences. `proof` is `tests`, `undo` or `call` (`model.Proof`).
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
    losses: tuple[dict[str, str], ...] = ()
    stated: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def refusal(refused: RefusedCandidate) -> dict[str, str | int]:
    """Return a refused edit as plain values."""
    edit, label = refused.candidate, "said otherwise" if refused.stated else "weak tests"
    return {"edit": edit.why, "file": edit.path, "line": edit.line, "label": label,
            "reason": refused.reason}  # fmt: skip


def rivalry(rival: Rival) -> dict[str, str | int]:
    """Return another edit as plain values."""
    edit = rival.candidate
    return {"edit": edit.why, "file": edit.path, "line": edit.line, "call": rival.call,
            "this": rival.ours, "other": rival.theirs}  # fmt: skip


def loss(changed: ChangedCall) -> dict[str, str]:
    """Return a call that ends worse as plain values."""
    return {"call": changed.call, "before": changed.before, "after": changed.after}

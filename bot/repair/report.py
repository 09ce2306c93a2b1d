"""What `theseus repair` says in the end."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bot.repair.model import Proof, RefusedCandidate


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What `theseus repair` says. `diff` is unified, with `a/` and `b/`; times are seconds.

    `refused` are edits that made the command pass and are not given all the same, each with its
    `edit`, `file`, `line` and the `reason`. `proof` is `tests`, `undo` or `call` (`model.Proof`).
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

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def refusal(refused: RefusedCandidate) -> dict[str, str | int]:
    """Return a refused edit as plain values."""
    edit = refused.candidate
    return {"edit": edit.why, "file": edit.path, "line": edit.line, "reason": refused.reason}

"""Quality gates: what is examined of a change whose checks pass, before people see it."""

from typing import Literal

from pydantic import Field
from theseus_guard.record import Record

GateName = Literal["advisories", "documentation", "revert", "performance", "coverage", "experience"]
GateMode = Literal["off", "report", "block"]


class GateRules(Record):
    """The mode of each gate, and its limits.

    `report` shows the result on the card. `block` also refuses the change, except for a slower
    command: that ships once an approver accepts it.
    """

    advisories: GateMode = "block"
    documentation: GateMode = "report"
    revert: GateMode = "report"
    performance: GateMode = "block"
    coverage: GateMode = "report"
    experience: GateMode = "report"
    slower_percent: float = Field(default=20.0, ge=1, le=1_000)
    slower_ms: float = Field(default=10.0, ge=1, le=60_000)
    covered_percent: float = Field(
        default=0.0, ge=0, le=100, description="of a change's lines that have to run; 0: any"
    )
    seconds: float = Field(default=300.0, gt=0, le=3_600, description="that all gates may take")

    def get_mode(self, name: GateName) -> GateMode:
        """Return the mode of a gate."""
        modes: dict[GateName, GateMode] = {
            "advisories": self.advisories,
            "documentation": self.documentation,
            "revert": self.revert,
            "performance": self.performance,
            "coverage": self.coverage,
            "experience": self.experience,
        }
        return modes[name]


GateStatus = Literal["passed", "failed", "unmeasured"]


class GateResult(Record):
    """The result of one gate for exactly one head.

    `summary` is a line for the card, `details` are further lines. `remedy` is what to do about a
    failed gate. A gate is `unmeasured` if it could not be decided; `summary` says why.
    """

    gate: GateName
    status: GateStatus
    summary: str
    details: tuple[str, ...] = ()
    remedy: str = ""
    measured: tuple[int, int] | None = Field(
        default=None, description="what was measured, of how many: changed statements that run"
    )
    mode: GateMode = "report"

    @property
    def is_blocking(self) -> bool:
        """True if it refuses the change, or asks for an approver's acceptance."""
        return self.status == "failed" and self.mode == "block"

    @property
    def needs_acceptance(self) -> bool:
        """True if the change ships only with an approver's acceptance of exactly this result."""
        return self.is_blocking and self.gate == "performance"

"""Gates that say nothing about a bot that is not built on Theseus."""

from dataclasses import dataclass

from bot.domain.gates import GateName
from bot.self_improvement.checks.gates.merge_gates import GateCase, GateReport


@dataclass(frozen=True, eq=False)
class InapplicableGate:
    """Implements `MergeGate`: reports why the gate of that name was not run."""

    name: GateName
    reason: str

    async def judge(self, case: GateCase) -> GateReport:
        """Return that nothing was measured, with the reason."""
        return GateReport.build(self.name, "unmeasured", f"not for other bots: {self.reason}")

"""The revert gate: today's code has to work on the files that the change leaves behind."""

from dataclasses import dataclass
from typing import ClassVar

from bot.domain.gates import GateName, GateStatus
from bot.self_improvement.checks.gates.merge_gates import GateCase, GateReport
from bot.self_improvement.checks.revert_rehearsal import RevertRehearsal

_REMEDY = "Write the files so that the older code can read them, or migrate them back."


@dataclass(frozen=True, eq=False)
class RevertGate:
    """Rehearses the revert of the change."""

    rehearsal: RevertRehearsal
    name: ClassVar[GateName] = "revert"

    async def judge(self, case: GateCase) -> GateReport:
        """Return whether the change can be reverted, with the trial."""
        trial = await self.rehearsal(case.change, case.brief)
        if trial.failure:
            report = GateReport.build(self.name, "failed", trial.summary, remedy=_REMEDY)
        else:
            status: GateStatus = "unmeasured" if trial.unplayed else "passed"
            report = GateReport.build(self.name, status, trial.summary)
        return report._replace(revert_trial=trial)

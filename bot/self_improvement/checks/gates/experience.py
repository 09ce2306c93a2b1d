"""The experience gate: changed prompts and skills work past runs again before they ship."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from bot.domain.change import ChangeSet
from bot.domain.errors import ConfigError
from bot.domain.experience import CaseTrial, ExperienceLimits, ExperienceReport
from bot.domain.gates import GateName
from bot.learning.experience import ExperienceReplay
from bot.ports.agent import CodeAgent
from bot.ports.workspace import Workspace
from bot.proof.sample_conversations import TextsOfChat
from bot.self_improvement.checks.conversation_check import read_texts
from bot.self_improvement.checks.gates.merge_gates import GateCase, GateReport

_READ_BY_ENGINE = ("prompts/executor", "prompts/reviewer", "prompts/charter", "prompts/skill")
"""What the paths of the texts begin with that an engine reads when it writes a change."""
_MOST_SHOWN = 6

OpenEngine = Callable[[TextsOfChat], CodeAgent]
"""Returns an engine that works by these prompts and skills."""


@dataclass(frozen=True, eq=False)
class ExperienceGate:
    """Has an engine with head's texts work past cases again; none if there is no model."""

    replay: ExperienceReplay
    limits: ExperienceLimits
    open_engine: OpenEngine | None = None
    name: ClassVar[GateName] = "experience"

    async def judge(self, case: GateCase) -> GateReport | None:
        """Return how past cases go with the texts of head; `None` if no text changes.

        Raises `PortError`.
        """
        texts = [each.path for each in case.change.files if each.path.startswith("prompts/")]
        if not texts:
            return None
        if not any(path.startswith(_READ_BY_ENGINE) for path in texts):
            return self._skip("the engine that writes changes does not read these texts")
        if self.open_engine is None:
            return self._skip("there is no model here that reads them")
        if not self.limits.cases:
            return self._skip("`experience.cases` is 0")
        head = await _read_head(case.workspace, case.change)
        try:
            report = await self.replay.replay(self.open_engine(head), self.limits)
        except ConfigError as error:
            return GateReport.build(
                self.name, "failed", f"the engine cannot use them: {error}",
                remedy="Correct the placeholders.",
            )  # fmt: skip
        return self._report(report)

    def _skip(self, why: str) -> GateReport:
        return GateReport.build(self.name, "unmeasured", why)

    def _report(self, report: ExperienceReport) -> GateReport:
        if len(report.trials) == report.count("unmeasured"):
            why = report.trials[0].why if report.trials else "no ended run can be worked again yet"
            return self._skip(f"nothing could be compared: {why}")
        details = [describe_trial(each) for each in report.trials if each.comparison != "same"]
        if not report.count("worse"):
            return GateReport.build(self.name, "passed", report.summary, details[:_MOST_SHOWN])
        return GateReport.build(
            self.name, "failed", report.summary, details[:_MOST_SHOWN],
            "Read the runs that went worse. A model differs by chance too: try them again with "
            "`theseus experience`.",
        )  # fmt: skip


def describe_trial(trial: CaseTrial) -> str:
    """Return the result of a case in a line."""
    why = f": {trial.why}" if trial.why else ""
    return f"run {trial.run_id} ({trial.fault or 'a fix'}): {trial.comparison}{why}"


async def _read_head(workspace: Workspace, change: ChangeSet) -> TextsOfChat:
    """Return the prompts and skills of head, read from git."""
    gone = {each.path for each in change.files if each.status == "deleted"}
    paths = {*await workspace.list_base_files(), *(each.path for each in change.files)} - gone
    return await read_texts(workspace, change.head, sorted(paths))

"""Observe: collects what the journal, the source and its history say. Uses no model."""

from dataclasses import dataclass

from theseus_observe.redaction import redact

from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.presentation.markdown import escape_line
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.change_context import ChangeContextCollector
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.requests.incident_reports import IncidentReports
from bot.self_improvement.requests.retry_changes import RetryChanges
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.transitions import RunTransitions


@dataclass(frozen=True, eq=False)
class ObserveStep:
    """Saves the evidence and continues with the diagnosis, or with the brief of a change."""

    collector: EvidenceCollector
    changes: ChangeContextCollector | None
    workspaces: RunWorkspaces
    transitions: RunTransitions
    reports: IncidentReports
    retry_changes: RetryChanges
    notifier: RunNotifier

    async def perform(self, run: Run, history: History) -> Run:
        """Collect the evidence and save it."""
        collect = self._collect_for_request if run.goal == "change" else self._collect_for_failure
        evidence = await collect(run)
        changes = await self.retry_changes.describe(run, history, evidence)
        if changes:
            evidence = evidence.replace(since_attempt=changes)
            text = "🔁 " + "\n".join(escape_line(redact(each), 600) for each in changes)
            await self.notifier.say(run, text, key=f"again:{run.attempt}")
        return await self.transitions.advance(run, Edge.NEXT_STEP, evidence)

    async def _collect_for_failure(self, run: Run) -> Evidence:
        evidence = await self.collector(run.trigger)
        return evidence.replace(reports=await self.reports.load(run.trigger, evidence))

    async def _collect_for_request(self, run: Run) -> Evidence:
        """Return the context of a requested change, where nothing has failed."""
        base = (await self.collector.collect_checkout_state()).base
        evidence = Evidence(base=base, change=True, searched="what there is that it may be about")
        if self.changes is None:
            return evidence
        async with self.workspaces.open(run, evidence) as workspace:
            return evidence.replace(context=await self.changes(run.trigger, workspace))

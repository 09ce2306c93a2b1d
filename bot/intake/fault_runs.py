"""The runs about a failure, and the reports of people who may not start one."""

from dataclasses import dataclass

from bot.authority.authorizer import AuditWriter
from bot.domain.errors import NotAuthorized, UnknownRun, WrongStage
from bot.domain.incident import Incident
from bot.domain.journal import FailureGroup
from bot.domain.run import Run, Status, Trigger
from bot.intake.targets import KnownTargets
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.run_restarts import RunRestarts

_LOOKED_AT = 200  # the newest runs


@dataclass(frozen=True, eq=False)
class FaultRuns:
    """Finds the run that is about a failure or an incident."""

    agent: SelfImprovementAgent
    targets: KnownTargets
    restarts: RunRestarts

    async def find(self, fingerprint: str, target: str) -> Run | None:
        """Return the active run that fixes a failure of that target."""
        for run in await self.agent.list_runs(limit=_LOOKED_AT):
            active = run.goal == "fix" and not run.has_ended and run.trigger.target == target
            if active and await self._find_fingerprint(run) == fingerprint:
                return run
        return None

    async def _find_fingerprint(self, run: Run) -> str | None:
        """Return the fingerprint of the failure that a run is about, if it is known."""
        diagnosis = (await self.agent.get_history(run.id)).diagnosis
        if diagnosis is not None:
            return diagnosis.fingerprint
        target = self.targets.find(run.trigger.target)
        return None if target is None else await target.matcher.find_fingerprint(run.trigger)

    async def find_usable(self, incident: Incident, trigger: Trigger) -> Run | None:
        """Return the incident's run if it can be used; promote an ended investigation."""
        if incident.run_id is None:
            return None
        try:
            run = await self.agent.find(run_id=incident.run_id)
        except UnknownRun:
            return None
        if not run.has_ended or run.trigger.key == trigger.key:
            return run
        if trigger.goal == "fix" and run.goal == "investigate" and run.status is Status.DONE:
            try:
                return await self.restarts.promote(run.id, trigger.person)
            except WrongStage:
                return None  # the investigation found nothing to fix
        return None

    async def is_about_other(
        self, incident: Incident, trigger: Trigger, failure: FailureGroup | None
    ) -> bool:
        """Return whether a person points at another error than the incident's run is about.

        An incident of an action that fails in several ways has a run for only one of them.
        """
        if trigger.error_id is None or trigger.incident is not None or incident.run_id is None:
            return False
        try:
            run = await self.agent.find(run_id=incident.run_id)
        except UnknownRun:
            return False
        fault = await self._find_fingerprint(run)
        return None not in (failure, fault) and fault != (failure and failure.fingerprint)


@dataclass(frozen=True, eq=False)
class ReportedFailures:
    """Stores the reports of people who may not start runs."""

    targets: KnownTargets
    runs: FaultRuns
    audit_writer: AuditWriter

    async def store(self, trigger: Trigger, refusal: NotAuthorized) -> NotAuthorized:
        """Store the report of a person who may not ask for work; return the error with thanks."""
        asked_here = trigger.incident is None and trigger.issue is None
        limited = self.audit_writer.is_rate_limited(trigger.person.id)
        target = self.targets.get(trigger.target)
        if target.reports is None or not refusal.member or not asked_here or limited:
            return refusal
        evidence = await target.matcher.find_evidence(trigger)
        group = evidence.groups[0] if evidence.groups else None
        run = await self.runs.find(group.fingerprint, target.name) if group else None
        thanks = await target.reports.take(trigger, evidence, run, refusal.able)
        return NotAuthorized(thanks, member=True, able=refusal.able)

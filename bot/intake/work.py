"""Carries requests for work out: starts a run, joins one, answers, or stores a report."""

from dataclasses import dataclass

from theseus_observe.redaction import redact

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.anomaly import Rule
from bot.domain.errors import NotAuthorized
from bot.domain.evidence import RequestAnswer
from bot.domain.incident import Incident
from bot.domain.run import Run, Trigger
from bot.intake.fault_runs import FaultRuns, ReportedFailures
from bot.intake.targets import KnownTargets
from bot.intake.work_decisions import WorkDecision, WorkDecisions
from bot.self_improvement import SelfImprovementAgent


@dataclass(frozen=True)
class IntakeResult:
    """The run of a request, and the incident it is about, if there is one.

    `joined` is true if no run was started because `run` was already under way for the fault.
    """

    run: Run
    incident: Incident | None = None
    joined: bool = False


@dataclass(frozen=True, eq=False)
class WorkRequests:
    """Carries decisions about requests out."""

    decisions: WorkDecisions
    agent: SelfImprovementAgent
    authorizer: Authorizer
    runs: FaultRuns
    reported_failures: ReportedFailures
    targets: KnownTargets

    async def ask(self, trigger: Trigger, bot: str | None = None) -> IntakeResult | RequestAnswer:
        """Decide about a request and carry the decision out. `bot` is the bot that was chosen.

        Raises what `SelfImprovementAgent.request` raises, `JournalError`, `StoreError`. A person
        who may not ask for work has reported the failure: `NotAuthorized` then thanks them.
        """
        return await self.perform(await self.decide(trigger, bot))

    async def decide(self, trigger: Trigger, bot: str | None = None) -> WorkDecision:
        """Return what follows from a request. Nothing is changed."""
        return await self.decisions.decide(trigger, bot)

    async def perform(self, decision: WorkDecision) -> IntakeResult | RequestAnswer:
        """Carry a decision out. Raises what `ask` raises."""
        if decision.answer is None:
            return await self.start(decision)
        trigger = decision.trigger
        note = f"{trigger.goal}, answered at once: {redact(trigger.subject)}"
        await self.authorizer.ask(trigger.person, Act.ASK, note=note, target=trigger.target)
        return decision.answer

    async def start(self, decision: WorkDecision) -> IntakeResult:
        """Join the run of a decision without an answer, or start it. Raises what `ask` raises."""
        trigger, incident = decision.trigger, decision.incident
        try:
            if not decision.may_ask:
                return IntakeResult(await self.agent.request(trigger))  # refuses, and audits it
            if incident is None or await self.runs.is_about_other(
                incident, trigger, decision.failure
            ):
                return await self._join_or_start(decision)
            return await self._join_incident(incident, decision)
        except NotAuthorized as refusal:
            raise await self.reported_failures.store(trigger, refusal) from refusal

    async def _join_or_start(self, decision: WorkDecision) -> IntakeResult:
        """Join the run that already fixes the same failure, or start a run."""
        trigger, failure = decision.trigger, decision.failure
        incidents = self.targets.get(trigger.target).incidents
        if incidents is None:
            return IntakeResult(await self.agent.request(trigger))
        async with incidents.repository.starting:  # two requests at once start one run
            run = await self.runs.find(failure.fingerprint, trigger.target) if failure else None
            if run is None:
                return IntakeResult(await self.agent.request(trigger))
        joined = run.trigger.key != trigger.key
        if joined:
            note = f"joins: {trigger.goal}: {redact(trigger.subject)}"
            await self.authorizer.ask(trigger.person, Act.ASK, run_id=run.id, note=note)
        return IntakeResult(run, joined=joined)

    async def _join_incident(self, incident: Incident, decision: WorkDecision) -> IntakeResult:
        """Join the incident's run or start one for it, and note the report on the incident."""
        trigger = decision.trigger
        incidents = self.targets.get(trigger.target).incidents
        if incidents is None:
            raise AssertionError("there is an incident, so that incidents are monitored")
        repository = incidents.repository
        if trigger.incident is None:  # a button of the incident's own card is not a report
            incident = repository.note_report(incident, trigger)
            await repository.flush()
        async with repository.starting:
            incident = repository.get(incident.id) or incident
            run = await self.runs.find_usable(incident, trigger)
            if run is not None:
                return IntakeResult(run, incident, joined=run.trigger.key != trigger.key)
            linked = trigger.replace(incident=incident.id, since=incident.since)
            if incident.rules == {Rule.LATENCY} and incident.evidence and trigger.error_id is None:
                # Nothing failed: the run is about the slow record, and not about the text.
                linked = linked.replace(error_id=incident.evidence[0], match=None)
            run = await self.agent.request(linked)
            changed = repository.change(incident.id, run_id=run.id)
            await repository.flush()
            return IntakeResult(run, changed)

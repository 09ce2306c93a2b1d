"""Decides about requests for work: start a run, join one, answer, or store a report."""

from dataclasses import KW_ONLY, dataclass

from theseus_observe.redaction import redact

from bot.authority.authorizer import AuditWriter, Authorizer
from bot.authority.policy import Act, is_allowed
from bot.domain.anomaly import Rule
from bot.domain.errors import NotAuthorized, UnknownRun, WrongStage
from bot.domain.evidence import Evidence, RequestAnswer
from bot.domain.incident import Incident
from bot.domain.journal import FailureGroup, get_command_name
from bot.domain.people import AllowList
from bot.domain.run import Run, Status, Trigger
from bot.grammar.likely_commands import find_likely_commands
from bot.intake.failures import FailureMatcher
from bot.intake.incidents import ReportedIncidents
from bot.intake.privacy import RequestPrivacy
from bot.monitoring.failure_reports import FailureReports
from bot.presentation.answers import list_everyday_commands
from bot.presentation.missing_failure import build_diagnosis
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.answer_inquiry import AnswerInquiry
from bot.self_improvement.run_restarts import RunRestarts

_LOOKED_AT = 200  # the newest runs


@dataclass(frozen=True)
class WorkDecision:
    """What follows from a request for work. `trigger` has the failures that it refers to.

    With an `answer` nothing starts. Otherwise the run of the `incident` or of the `failure` is
    joined; if there is no such run, one is started. A person who `may_ask` not has reported the
    failure.
    """

    trigger: Trigger
    may_ask: bool = True
    answer: RequestAnswer | None = None
    incident: Incident | None = None
    failure: FailureGroup | None = None


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
    """Decides about requests, and carries the decisions out.

    Without `incidents` and `reports`, nothing is monitored. Without `inquiry`, reports of incorrect
    output are answered with a message.
    """

    matcher: FailureMatcher
    agent: SelfImprovementAgent
    audit_writer: AuditWriter
    authorizer: Authorizer
    restarts: RunRestarts
    people: AllowList
    privacy: RequestPrivacy
    _: KW_ONLY
    incidents: ReportedIncidents | None = None
    reports: FailureReports | None = None
    inquiry: AnswerInquiry | None = None

    async def ask(self, trigger: Trigger) -> IntakeResult | RequestAnswer:
        """Decide about a request and carry the decision out.

        Raises what `SelfImprovementAgent.request` raises, `JournalError`, `StoreError`. A person
        who may not ask for work has reported the failure: `NotAuthorized` then thanks them.
        """
        return await self.perform(await self.decide(trigger))

    async def decide(self, trigger: Trigger) -> WorkDecision:
        """Return what follows from a request. The journal is read once, nothing is changed."""
        trigger = self.privacy.hide_text(trigger)
        if not is_allowed(self.people, trigger.person, Act.ASK):
            return WorkDecision(trigger, may_ask=False)
        if trigger.incident is not None:
            incident = await self.incidents.find(trigger, None) if self.incidents else None
            return WorkDecision(trigger, incident=incident)
        found = await self.matcher.match(trigger)
        trigger = trigger.replace(match=found.evidence.match)
        failure = found.failure
        incident = await self.incidents.find(trigger, failure) if self.incidents else None
        if incident is None and not await self._has_work(trigger, found.evidence):
            answer = await self._build_answer(trigger, found.evidence)
            return WorkDecision(trigger, answer=answer)
        return WorkDecision(trigger, incident=incident, failure=failure)

    async def perform(self, decision: WorkDecision) -> IntakeResult | RequestAnswer:
        """Carry a decision out. Raises what `ask` raises."""
        if decision.answer is None:
            return await self.start(decision)
        trigger = decision.trigger
        note = f"{trigger.goal}, answered at once: {redact(trigger.subject)}"
        await self.authorizer.ask(trigger.person, Act.ASK, note=note)
        return decision.answer

    async def start(self, decision: WorkDecision) -> IntakeResult:
        """Join the run of a decision without an answer, or start it. Raises what `ask` raises."""
        trigger, incident = decision.trigger, decision.incident
        try:
            if not decision.may_ask:
                return IntakeResult(await self.agent.request(trigger))  # refuses, and audits it
            if incident is None or await self._is_other_fault(incident, decision):
                return await self._join_or_start(decision)
            return await self._join_incident(incident, decision)
        except NotAuthorized as refusal:
            raise await self._store_report(trigger, refusal) from refusal

    # Decisions

    async def _has_work(self, trigger: Trigger, evidence: Evidence) -> bool:
        """Return whether there is something to work on: a failure, slowness or incorrect output."""
        if evidence.groups or evidence.slow:
            return True
        if self.inquiry is None or evidence.fix is not None or evidence.change:
            return False
        if evidence.likely and not evidence.idle:
            return False
        return await self.inquiry.is_known(trigger)  # takes a while

    async def _build_answer(self, trigger: Trigger, evidence: Evidence) -> RequestAnswer:
        """Return the answer to a request that refers to no failure."""
        diagnosis = build_diagnosis(evidence)
        if diagnosis.instead:
            return RequestAnswer(diagnosis=diagnosis)
        commands = await self._list_likely_commands(trigger, evidence)
        return RequestAnswer(diagnosis=diagnosis, commands=commands)

    async def _list_likely_commands(self, trigger: Trigger, evidence: Evidence) -> tuple[str, ...]:
        """Return the commands that the request may mean.

        If a named command has not failed, only failed commands are listed. The bot's own commands
        are listed only if they failed.
        """
        commands = self.matcher.commands()
        failed = [
            name for each in evidence.nearby if (name := get_command_name(each.event)) in commands
        ]
        if evidence.idle:
            return tuple(dict.fromkeys(failed))
        known = {*failed, *list_everyday_commands(commands)}
        used = await self.matcher.list_recent_commands()
        return find_likely_commands(trigger.subject, known, failed=failed, used=used)

    async def _is_other_fault(self, incident: Incident, decision: WorkDecision) -> bool:
        """Return whether a person points at another error than the incident's run is about.

        An incident of an action that fails in several ways has a run for only one of them.
        """
        trigger, failure = decision.trigger, decision.failure
        if trigger.error_id is None or trigger.incident is not None or incident.run_id is None:
            return False
        try:
            run = await self.agent.find(run_id=incident.run_id)
        except UnknownRun:
            return False
        fault = await self._find_fingerprint(run)
        return None not in (failure, fault) and fault != (failure and failure.fingerprint)

    # What follows

    async def _join_or_start(self, decision: WorkDecision) -> IntakeResult:
        """Join the run that already fixes the same failure, or start a run."""
        trigger, failure = decision.trigger, decision.failure
        if self.incidents is None:
            return IntakeResult(await self.agent.request(trigger))
        async with self.incidents.repository.starting:  # two requests at once start one run
            run = await self._find_run(failure.fingerprint) if failure else None
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
        if self.incidents is None:
            raise AssertionError("there is an incident, so that incidents are monitored")
        repository = self.incidents.repository
        if trigger.incident is None:  # a button of the incident's own card is not a report
            incident = repository.note_report(incident, trigger)
            await repository.flush()
        async with repository.starting:
            incident = repository.get(incident.id) or incident
            run = await self._find_usable_run(incident, trigger)
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

    async def _store_report(self, trigger: Trigger, refusal: NotAuthorized) -> NotAuthorized:
        """Store the report of a person who may not ask for work; return the error with thanks."""
        asked_here = trigger.incident is None and trigger.issue is None
        limited = self.audit_writer.is_rate_limited(trigger.person.id)
        if self.reports is None or not refusal.member or not asked_here or limited:
            return refusal
        evidence = await self.matcher.find_evidence(trigger)
        group = evidence.groups[0] if evidence.groups else None
        run = await self._find_run(group.fingerprint) if group else None
        thanks = await self.reports.take(trigger, evidence, run, refusal.able)
        return NotAuthorized(thanks, member=True, able=refusal.able)

    # Runs

    async def _find_run(self, fingerprint: str) -> Run | None:
        """Return the active run that fixes a failure."""
        for run in await self.agent.list_runs(limit=_LOOKED_AT):
            active = run.goal == "fix" and not run.has_ended
            if active and await self._find_fingerprint(run) == fingerprint:
                return run
        return None

    async def _find_fingerprint(self, run: Run) -> str | None:
        """Return the fingerprint of the failure that a run is about, if it is known."""
        diagnosis = (await self.agent.get_history(run.id)).diagnosis
        if diagnosis is not None:
            return diagnosis.fingerprint
        return await self.matcher.find_fingerprint(run.trigger)

    async def _find_usable_run(self, incident: Incident, trigger: Trigger) -> Run | None:
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

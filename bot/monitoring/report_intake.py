"""Links people's reports to the open incidents and the runs they are about."""

from dataclasses import dataclass
from datetime import timedelta

from theseus_observe.redaction import redact

from bot.authority.policy import Act, is_allowed
from bot.domain.anomaly import Rule
from bot.domain.errors import JournalError, UnknownRun, WrongStage
from bot.domain.incident import MOST_REPORTS, Incident, Report
from bot.domain.journal import Action, FailureGroup
from bot.domain.people import AllowList
from bot.domain.run import Run, Status, Trigger
from bot.grammar.incorrect_output import is_slowness_report
from bot.grammar.matching import exclude_own_work, match_failures
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.self_improvement import SelfImprovementAgent

_LOOKED_AT = 200  # the newest runs

Failures = tuple[FailureGroup, ...] | None


@dataclass(frozen=True)
class IntakeResult:
    """The run of a request, and the incident it is about, if there is one.

    `joined` is true if no run was started because `run` was already under way for the fault.
    """

    run: Run
    incident: Incident | None = None
    joined: bool = False


class ReportIntake:
    """Connects what people report with what the bot has detected."""

    def __init__(
        self,
        incident_repository: IncidentRepository,
        journal: Journal,
        agent: SelfImprovementAgent,
        clock: Clock,
        people: AllowList,
        *,
        lookback: timedelta,
    ) -> None:
        self._incident_repository = incident_repository
        self._journal = journal
        self._agent = agent
        self._clock = clock
        self._people = people
        self._lookback = lookback

    async def join(self, trigger: Trigger) -> Incident | None:
        """Note a listed person's report on the incident it is about, and return the incident."""
        return await self._find_joinable(trigger, await self._list_failures(trigger))

    async def should_join(self, trigger: Trigger) -> bool:
        """Return whether a request is about an open incident, also one of slowness."""
        going_on = self._incident_repository.open
        failures = await self._list_failures(trigger) if going_on else None
        return await self._find_incident(trigger, failures) is not None

    async def _find_joinable(self, trigger: Trigger, failures: Failures) -> Incident | None:
        if not is_allowed(self._people, trigger.person, Act.ASK):
            return None  # starting the run refuses this person and audits the refusal
        incident = await self._find_incident(trigger, failures)
        if incident is None:
            return None
        if trigger.incident is not None:
            return incident  # a button of the incident's own card is not a report
        noted = note_report(self._incident_repository, incident, trigger)
        await self._incident_repository.flush()
        return noted

    async def ask(self, trigger: Trigger) -> IntakeResult:
        """Join the incident's run or start one for it.

        Raises what `SelfImprovementAgent.request` raises.
        """
        failures = await self._list_failures(trigger)
        incident = await self._find_joinable(trigger, failures)
        if incident is None or await self._is_other_fault(incident, trigger, failures):
            return await self._join_or_start(trigger, failures)
        async with self._incident_repository.starting:
            incident = self._incident_repository.get(incident.id) or incident
            run = await self._find_usable_run(incident, trigger)
            if run is not None:
                return IntakeResult(run, incident, joined=run.trigger.key != trigger.key)
            linked = trigger.replace(incident=incident.id, since=incident.since)
            if incident.rules == {Rule.LATENCY} and incident.evidence:
                linked = linked.replace(error_id=trigger.error_id or incident.evidence[0])
            run = await self._agent.request(linked)
            changed = self._incident_repository.change(incident.id, run_id=run.id)
            await self._incident_repository.flush()
            return IntakeResult(run, changed)

    async def _join_or_start(self, trigger: Trigger, failures: Failures) -> IntakeResult:
        """Join the run that already fixes the same failure, or start a run."""
        async with (
            self._incident_repository.starting
        ):  # otherwise two simultaneous requests start two runs
            run = await self._find_matched_run(trigger, failures)
            if run is None:
                return IntakeResult(await self._agent.request(trigger))
        joined = run.trigger.key != trigger.key
        if joined:
            note = f"joins: {trigger.goal}: {redact(trigger.subject)}"
            await self._agent.permit(trigger.person, Act.ASK, run_id=run.id, note=note)
        return IntakeResult(run, joined=joined)

    async def _find_matched_run(self, trigger: Trigger, failures: Failures) -> Run | None:
        """Return the active run for the failure that the request matches, if there is one."""
        failure = await self._match_failure(trigger, failures)
        return None if failure is None else await self._run_for(failure.fingerprint, failures)

    async def find_run(self, fingerprint: str) -> Run | None:
        """Return the active run for a failure, as far as its own diagnosis says."""
        return await self._run_for(fingerprint, None)

    async def _run_for(self, fingerprint: str, failures: Failures) -> Run | None:
        for run in await self._agent.list_runs(limit=_LOOKED_AT):
            active = run.goal == "fix" and not run.has_ended
            if active and await self._get_fingerprint(run, failures) == fingerprint:
                return run
        return None

    async def _is_other_fault(
        self, incident: Incident, trigger: Trigger, failures: Failures
    ) -> bool:
        """Return whether a person points at another error than the incident's run is about.

        An incident of an action that fails in several ways has a run for only one of them.
        """
        if trigger.error_id is None or trigger.incident is not None or incident.run_id is None:
            return False
        pointed_at = await self._match_failure(trigger, failures)
        try:
            run = await self._agent.find(run_id=incident.run_id)
        except UnknownRun:
            return False
        fault = await self._get_fingerprint(run, failures)
        return None not in (pointed_at, fault) and fault != (pointed_at and pointed_at.fingerprint)

    async def _get_fingerprint(self, run: Run, failures: Failures) -> str | None:
        """Return the fingerprint of the failure that a run is about, if it is known."""
        diagnosis = (await self._agent.get_history(run.id)).diagnosis
        known = diagnosis or await self._match_failure(run.trigger, failures)
        return known.fingerprint if known is not None else None

    async def _find_usable_run(self, incident: Incident, trigger: Trigger) -> Run | None:
        """Return the incident's run if it can be used; promote an ended investigation."""
        if incident.run_id is None:
            return None
        try:
            run = await self._agent.find(run_id=incident.run_id)
        except UnknownRun:
            return None
        if not run.has_ended or run.trigger.key == trigger.key:
            return run
        if trigger.goal == "fix" and run.goal == "investigate" and run.status is Status.DONE:
            try:
                return await self._agent.promote(run.id, trigger.person)
            except WrongStage:
                return None  # the investigation found nothing to fix
        return None

    async def _find_incident(self, trigger: Trigger, failures: Failures) -> Incident | None:
        if trigger.incident is not None:
            return self._incident_repository.get(trigger.incident)
        going_on = self._incident_repository.open
        if is_slowness_report(trigger.text) and trigger.error_id is None:
            slow = await self._find_slow(trigger, going_on)
            if slow is not None:
                return slow
        group = await self._match_failure(trigger, failures) if going_on else None
        if group is None:
            return None
        covered = [each for each in going_on if each.has_failure(group.event, group.fingerprint)]
        exact = (each for each in covered if each.fingerprint == group.fingerprint)
        return next(exact, covered[0] if covered else None)

    async def _find_slow(self, trigger: Trigger, going_on: tuple[Incident, ...]) -> Incident | None:
        """Return the incident of the slow action that the report names."""
        slow = {each.id: each for each in going_on if Rule.LATENCY in each.rules}
        found = [(each, await self._record(each)) for each in slow.values()]
        groups = tuple(_as_group(each, record) for each, record in found if record is not None)
        named = match_failures(trigger, groups, None, self._agent.commands())
        certain = named.groups if named.named != "not at all" else ()
        return slow[certain[0].fingerprint] if certain else None

    async def _record(self, incident: Incident) -> Action | None:
        """Return the newest journal record of an incident, if it can be read."""
        try:
            return await self._journal.get(incident.evidence[0]) if incident.evidence else None
        except JournalError:
            return None

    async def _list_failures(self, trigger: Trigger) -> Failures:
        """Return recent failures; `None` if they are not needed or the journal cannot be read."""
        known = trigger.incident is not None or trigger.goal == "revert"
        if known or not is_allowed(self._people, trigger.person, Act.ASK):
            return None
        try:
            since = self._clock.now() - self._lookback
            return exclude_own_work(await self._journal.list_failures(since=since))
        except JournalError:
            return None

    async def _match_failure(self, trigger: Trigger, failures: Failures) -> FailureGroup | None:
        """Return the failure that a request is about, if the match is certain."""
        if failures is None:
            return None
        try:
            named = await self._journal.get(trigger.error_id) if trigger.error_id else None
        except JournalError:
            return None
        groups = match_failures(trigger, failures, named, self._agent.commands()).groups
        return groups[0] if groups else None


def note_report(repository: IncidentRepository, incident: Incident, trigger: Trigger) -> Incident:
    """Return the incident with the person's report on it; the same report is added once."""
    statement = "" if trigger.quotes_bot else trigger.statement or trigger.subject
    text = redact(statement)[:300]
    report = Report(person=trigger.person, text=text, at=trigger.at)
    if report in incident.reports:
        return incident
    if len(incident.reports) >= MOST_REPORTS:
        return repository.change(incident.id, unnamed=incident.unnamed + 1)
    return repository.change(incident.id, reports=(*incident.reports, report))


def _as_group(incident: Incident, record: Action) -> FailureGroup:
    """Return a slow action as a failure group, so that the failure matching can find it."""
    return FailureGroup(
        fingerprint=incident.id,
        event=incident.event,
        count=max(1, incident.count),
        first_seen=incident.since,
        last_seen=incident.last_at,
        newest=record,
        action_ids=(record.id,),
    )

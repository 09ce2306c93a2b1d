"""Finds the incident that a request is about, and notes people's reports on it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.domain.anomaly import Rule
from bot.domain.errors import JournalError
from bot.domain.incident import Incident
from bot.domain.journal import Action, FailureGroup
from bot.domain.run import Trigger
from bot.grammar.incorrect_output import is_slowness_report
from bot.grammar.matching import match_failures
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.journal import Journal


@dataclass(frozen=True, eq=False)
class ReportedIncidents:
    """The incidents, as people refer to them. `commands` returns the names of all commands."""

    repository: IncidentRepository
    journal: Journal
    commands: Callable[[], Collection[str]]

    async def find(self, trigger: Trigger, failure: FailureGroup | None) -> Incident | None:
        """Return the incident of a request that refers to `failure`, also one of slowness."""
        if trigger.incident is not None:
            return self.repository.get(trigger.incident)
        going_on = self.repository.open
        if is_slowness_report(trigger.text) and trigger.error_id is None:
            slow = await self._find_slow(trigger, going_on)
            if slow is not None:
                return slow
        if failure is None:
            return None
        covered = [
            each for each in going_on if each.has_failure(failure.event, failure.fingerprint)
        ]
        exact = (each for each in covered if each.fingerprint == failure.fingerprint)
        return next(exact, covered[0] if covered else None)

    async def _find_slow(self, trigger: Trigger, going_on: tuple[Incident, ...]) -> Incident | None:
        """Return the incident of the slow action that the report names."""
        slow = {each.id: each for each in going_on if Rule.LATENCY in each.rules}
        found = [(each, await self._load_record(each)) for each in slow.values()]
        groups = tuple(_build_group(each, record) for each, record in found if record is not None)
        named = match_failures(trigger, groups, None, self.commands())
        certain = named.groups if named.named != "not at all" else ()
        return slow[certain[0].fingerprint] if certain else None

    async def _load_record(self, incident: Incident) -> Action | None:
        """Return the newest journal record of an incident, if it can be read."""
        try:
            return await self.journal.get(incident.evidence[0]) if incident.evidence else None
        except JournalError:
            return None


def _build_group(incident: Incident, record: Action) -> FailureGroup:
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

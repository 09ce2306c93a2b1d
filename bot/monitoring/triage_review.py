"""Repeats the triage of growing incidents, because the first few failures may mislead."""

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.monitoring.anomaly_classifier import AnomalyClassifier
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock

_GROWN = 2  # doubling keeps the number of reviews logarithmic, however many failures there are
_AT_ONCE = 3


@dataclass(frozen=True, eq=False)
class TriageReview:
    """Reviews incidents whose count has doubled since the last triage, a few at a time.

    What a person decided is not reviewed.
    """

    incident_repository: IncidentRepository
    classifier: AnomalyClassifier
    clock: Clock

    async def turn(self) -> None:
        """Repeat the triage of grown incidents. Raises `JournalError`, `StoreError`."""
        grown = [
            each
            for each in self.incident_repository.open
            if each.triage_by is None and _has_grown(each)
        ]
        for each in grown[:_AT_ONCE]:
            await self._judge(each)
        await self.incident_repository.flush()

    async def _judge(self, incident: Incident) -> None:
        found = await self.classifier.rejudge(incident)
        changes: dict[str, object] = {"judged_count": incident.count}
        if found is not None:
            changes["triage"] = found
            if found.origin is not incident.triage.origin:
                changes["triage_before"] = incident.triage.origin
                changes["triage_changed_at"] = self.clock.now()
        self.incident_repository.change(incident.id, **changes)


def _has_grown(incident: Incident) -> bool:
    return incident.count >= _GROWN * max(incident.judged_count, 1)

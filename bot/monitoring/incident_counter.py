"""Counts for one open incident what belongs to it, record by record."""

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.incident import MOST_AFFECTED, Incident
from bot.domain.samples import Sample


class IncidentCounter:
    """Counts cheaply; `beaten` gives it to the incident's record.

    Records that were counted before, as after a crash, are not counted again: they are known by
    their number.
    """

    def __init__(self, incident: Incident) -> None:
        self._count = incident.count
        self._counted_to = incident.counted_to
        self._affected = dict.fromkeys(incident.affected)
        self._anomalies = incident.anomalies
        self.changed = False

    def follow(self, incident: Incident) -> None:
        """Count what the incident is about now."""
        self._anomalies = incident.anomalies

    def see(self, sample: Sample, number: int) -> None:
        """Take in one record of its event or failure."""
        if number <= self._counted_to or not any(each.is_of(sample) for each in self._anomalies):
            return
        self._counted_to, self.changed = number, True
        self._count += 1
        if sample.user is not None and len(self._affected) < MOST_AFFECTED:
            self._affected[sample.user] = None

    def apply_to(self, incident: Incident) -> Incident:
        """Return the incident with all that was seen since."""
        self.changed = False
        return incident.replace(
            count=self._count, counted_to=self._counted_to, affected=tuple(self._affected)
        )


def has_wider_count(known: Incident, anomaly: Anomaly) -> bool:
    """Whether an anomaly is of all failures of the action since before one of them was counted."""
    all_of_them = anomaly.rule is Rule.ERROR_RATE and Rule.ERROR_RATE not in known.rules
    return all_of_them and anomaly.since is not None and anomaly.since <= known.since

"""Counts the records that belong to one open incident."""

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.incident import MOST_AFFECTED, Incident
from bot.domain.samples import Sample


class IncidentCounter:
    """Counts in memory; `apply_to` copies the counts to the incident.

    A record that was counted before, for example before a crash, is recognised by its number and
    not counted again.
    """

    def __init__(self, incident: Incident) -> None:
        self._count = incident.count
        self._counted_to = incident.counted_to
        self._affected = dict.fromkeys(incident.affected)
        self._anomalies = incident.anomalies
        self.changed = False

    def follow(self, incident: Incident) -> None:
        """Use the incident's current anomalies from now on."""
        self._anomalies = incident.anomalies

    def see(self, sample: Sample, number: int) -> None:
        """Count a record if it matches one of the incident's anomalies."""
        if number <= self._counted_to or not any(each.is_of(sample) for each in self._anomalies):
            return
        self._counted_to, self.changed = number, True
        self._count += 1
        if sample.user is not None and len(self._affected) < MOST_AFFECTED:
            self._affected[sample.user] = None

    def apply_to(self, incident: Incident) -> Incident:
        """Return the incident with the current counts."""
        self.changed = False
        return incident.replace(
            count=self._count, counted_to=self._counted_to, affected=tuple(self._affected)
        )


def has_wider_count(known: Incident, anomaly: Anomaly) -> bool:
    """Return whether the anomaly counts all failures of the action from before `known` began."""
    is_first_error_rate = anomaly.rule is Rule.ERROR_RATE and Rule.ERROR_RATE not in known.rules
    return is_first_error_rate and anomaly.since is not None and anomaly.since <= known.since

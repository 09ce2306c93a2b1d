"""The journal's records of an incident: the events themselves, and what they have in common."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.incident import Incident
from bot.domain.journal import FAILED, Action, JournalQuery, format_event_name
from bot.ports.journal import Journal

MOST_EVENTS = 500
"""The number of newest records of an incident that are read."""
EVENTS_A_PAGE = 20
_MOST_LISTED = 15


class EventGroup(NamedTuple):
    """Events with one value in common: a command, a person, or the commit that ran."""

    name: str
    times: int
    first: datetime
    last: datetime


class IncidentEvents(NamedTuple):
    """The newest events of an incident, newest first, and how they are distributed."""

    events: Sequence[Action]
    commands: Sequence[EventGroup]
    people: Sequence[EventGroup]
    commits: Sequence[EventGroup]
    is_complete: bool

    @property
    def newest_failure(self) -> Action | None:
        """The newest event whose stack is known."""
        failed = (each for each in self.events if each.error is not None and each.error.frames)
        return next(failed, None)


async def read_events(journal: Journal, incident: Incident) -> IncidentEvents:
    """Return the events that the incident counts. Raises `JournalError`."""
    found: dict[str, Action] = {}
    for query in _build_queries(incident):
        found |= {each.id: each for each in await journal.read(query)}
    for record_id in () if found else incident.evidence:
        action = await journal.get(record_id)
        if action is not None:
            found[action.id] = action
    newest = sorted(found.values(), key=lambda each: (each.ts, each.id), reverse=True)
    events = newest[:MOST_EVENTS]
    return IncidentEvents(
        events,
        _group(events, [format_event_name(each.event) for each in events]),
        _group(events, [each.user or "" for each in events]),
        _group(events, [(each.commit or "")[:12] for each in events]),
        is_complete=len(newest) < MOST_EVENTS,
    )


def _build_queries(incident: Incident) -> list[JournalQuery]:
    """Return the queries that find the events by an index; of slow actions there is none."""
    queries = []
    for anomaly in incident.anomalies:
        queries += _build_anomaly_queries(anomaly, incident.since)
    return queries


def _build_anomaly_queries(anomaly: Anomaly, since: datetime) -> list[JournalQuery]:
    if anomaly.rule is Rule.REPEATED_ERROR and anomaly.fingerprint is not None:
        return [JournalQuery(fingerprint=anomaly.fingerprint, since=since, limit=MOST_EVENTS)]
    if anomaly.rule is not Rule.ERROR_RATE:
        return []
    return [
        JournalQuery(event=anomaly.event, outcome=outcome, since=since, limit=MOST_EVENTS)
        for outcome in sorted(FAILED)
    ]


def _group(events: Sequence[Action], names: Sequence[str]) -> list[EventGroup]:
    """Return the commonest names with their events; an empty name counts for nothing."""
    times: dict[str, list[datetime]] = {}
    for event, name in zip(events, names, strict=True):
        if name:
            times.setdefault(name, []).append(event.ts)
    counted = Counter({name: len(each) for name, each in times.items()}).most_common(_MOST_LISTED)
    return [EventGroup(name, count, min(times[name]), max(times[name])) for name, count in counted]

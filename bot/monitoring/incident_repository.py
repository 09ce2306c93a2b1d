"""Holds the open and the recent incidents, in memory and in the key-value store."""

import asyncio
from datetime import datetime, timedelta

import structlog
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.domain.errors import StoreError
from bot.domain.failure_report import FailureReport
from bot.domain.incident import INCIDENT, LOUDNESS, MOST_REPORTS, Digest, Incident, Mute, Report
from bot.domain.incident_comments import COMMENTS
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.run import Trigger
from bot.domain.target import OWN_TARGET
from bot.ports.key_value_store import KeyValueStore

MOST_OPEN = 200
_MOST_STORED = 500  # resolved ones
_RETENTION = timedelta(days=30)
NOBODY = Person(id=0, name="a person")
"""Stands for a person who was forgotten, where it must stay known that a person decided."""
_log = structlog.stdlib.get_logger(__name__)


class IncidentRepository:
    """Incidents by id. A change is visible at once; `flush` makes it durable.

    After an `await`, callers must change the incident that is stored now, never the copy from
    before it.
    """

    def __init__(self, key_values: KeyValueStore, target: str = OWN_TARGET) -> None:
        self._key_values = key_values
        self._target = target
        self._incidents: dict[str, Incident] = {}
        self._digests: dict[str, Digest] = {}
        self._mutes: dict[str, Mute] = {}
        self._unsaved: dict[str, Record] = {}
        self.starting = asyncio.Lock()  # held while a run about an incident is started
        self.busy = False  # anomalies are still being classified; more may follow

    def mark_busy(self, busy: bool) -> None:
        """Note whether anomalies are still being classified, so that more may follow."""
        self.busy = busy

    async def load(self) -> None:
        """Read what an earlier process stored.

        If it cannot be read, log this and leave it alone.
        """
        try:
            incidents = await self._key_values.list_records(INCIDENT, Incident)
            digests = await self._key_values.list_records("digest:", Digest)
            mutes = await self._key_values.list_records("mute:", Mute)
        except StoreError:
            _log.exception("the stored incidents cannot be read; I start without them")
            return
        self._incidents |= {each.id: each for each in incidents}
        self._digests |= {each.id: each for each in digests}
        self._mutes |= {each.key: each for each in mutes}
        for digest in digests:
            for listed in digest.incidents:  # the process was killed before it noted this
                known = self._incidents.get(listed)
                if known is not None and not known.is_announced:
                    self.change(listed, digest=digest.id)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """All incidents, in the order in which they were opened."""
        return tuple(sorted(self._incidents.values(), key=lambda each: (each.opened_at, each.id)))

    @property
    def open(self) -> tuple[Incident, ...]:
        """The incidents that are open."""
        return tuple(each for each in self.incidents if each.open)

    @property
    def seen_by_rules(self) -> tuple[Incident, ...]:
        """The open incidents that end once no rule detects them any more."""
        return tuple(each for each in self.open if not each.is_for_people)

    @property
    def digests(self) -> tuple[Digest, ...]:
        """All digests."""
        return tuple(self._digests.values())

    def get(self, incident_id: str) -> Incident | None:
        """Return the incident with that id, if it exists."""
        return self._incidents.get(incident_id)

    def list_for_digest(self, digest: Digest) -> tuple[Incident, ...]:
        """Return the incidents of a digest that are still stored."""
        found = (self._incidents.get(each) for each in digest.incidents)
        return tuple(each for each in found if each is not None)

    def put(self, incident: Incident) -> None:
        """Add an incident, or replace its stored version; it becomes one of this target."""
        if incident.target != self._target:
            incident = incident.replace(target=self._target)
        if self._incidents.get(incident.id) != incident:
            self._incidents[incident.id] = incident
            self._unsaved[INCIDENT + incident.id] = incident

    def change(self, incident_id: str, **changes: object) -> Incident:
        """Change these fields of an incident and return it."""
        changed = self._incidents[incident_id].replace(**changes)
        self.put(changed)
        return changed

    def close(self, incident: Incident, now: datetime, why: str) -> Incident:
        """Resolve an incident that does not end by itself, and return it."""
        return self.change(incident.id, status="resolved", resolved_at=now, closed_for=why)

    def note_report(self, incident: Incident, trigger: Trigger) -> Incident:
        """Return the incident with the person's report on it; the same report is added once."""
        statement = "" if trigger.quotes_bot else trigger.statement or trigger.subject
        report = Report(person=trigger.person, text=redact(statement)[:300], at=trigger.at)
        if report in incident.reports:
            return incident
        if len(incident.reports) >= MOST_REPORTS:
            return self.change(incident.id, unnamed=incident.unnamed + 1)
        return self.change(incident.id, reports=(*incident.reports, report))

    def put_digest(self, digest: Digest) -> None:
        """Add a digest, or replace its stored version."""
        self._digests[digest.id] = digest
        self._unsaved[f"digest:{digest.id}"] = digest

    def mute(self, keys: frozenset[str], by: Person, until: datetime) -> None:
        """Silence these anomaly keys until `until`."""
        for key in keys:
            self._mutes[key] = mute = Mute(key=key, by=by, until=until)
            self._unsaved[f"mute:{key}"] = mute

    def unmute(self, keys: frozenset[str], now: datetime) -> None:
        """End the mutes of these anomaly keys. `prune` removes their rows."""
        for key in keys & self._mutes.keys():
            self._mutes[key] = ended = self._mutes[key].replace(until=now)
            self._unsaved[f"mute:{key}"] = ended

    def is_muted(self, key: str, now: datetime) -> bool:
        """Return whether a person has muted that key and the mute has not ended."""
        mute = self._mutes.get(key)
        return mute is not None and now < mute.until

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many reports and decisions about faults name the person."""
        reports = sum(
            report.person.id == subject.id
            for incident in self._incidents.values()
            for report in incident.reports
        )
        decisions = sum(len(_find_decisions(each, subject)) for each in self._incidents.values())
        return reports + decisions

    def has_report(self, subject: DataSubject, report: FailureReport) -> bool:
        """Return whether the person's failure report is also noted on an incident."""
        return any(
            incident.has_failure(report.event, report.fingerprint)
            and any(each.person.id == subject.id for each in incident.reports)
            for incident in self._incidents.values()
        )

    async def erase(self, subject: DataSubject) -> int:
        """Forget the person's reports, that they were affected, and who decided what was theirs.

        Return how many reports and decisions. What they decided stays, without their name. Raises
        `StoreError`.
        """
        count = await self.count_records(subject)
        for incident in self.incidents:
            others = tuple(each for each in incident.reports if each.person.id != subject.id)
            affected = tuple(each for each in incident.affected if each != subject.pseudonym)
            theirs = _find_decisions(incident, subject)
            self.change(
                incident.id,
                **{field: _remove_name(incident, field, subject) for field in theirs},
                reports=others,
                affected=affected,
            )
        for key, mute in self._mutes.items():
            if mute.by is not None and mute.by.id == subject.id:
                self._mutes[key] = unnamed = mute.replace(by=None)
                self._unsaved[f"mute:{key}"] = unnamed
        await self.flush()
        return count

    async def flush(self) -> None:
        """Make every change durable, in the order of the changes. Raises `StoreError`."""
        while self._unsaved:
            name, record = next(iter(self._unsaved.items()))
            await self._key_values.put(name, record)
            # Another change may have arrived during the write; then the newer record stays unsaved.
            if self._unsaved.get(name) is record:
                del self._unsaved[name]

    def make_room(self) -> Incident | None:
        """Return the open incident to close so that another one fits; `None` if there is room.

        It is one of the lowest severity, and of these the one not seen for the longest time.
        """
        going_on = self.open
        if len(going_on) < MOST_OPEN:
            return None
        return min(going_on, key=lambda each: (LOUDNESS.index(each.severity), each.last_at))

    async def prune(self, now: datetime) -> None:
        """Forget old resolved incidents, digests and mutes. Raises `StoreError`."""
        resolved = [each for each in self.incidents if not each.open]
        too_many = len(resolved) - _MOST_STORED
        for number, each in enumerate(resolved):
            if number < too_many or now - each.last_at > _RETENTION:
                del self._incidents[each.id]
                await self._forget(INCIDENT + each.id)
                await self._key_values.remove(COMMENTS + each.id)
        for digest in self.digests:
            if now - digest.joined_at > _RETENTION:
                del self._digests[digest.id]
                await self._forget(f"digest:{digest.id}")
        for mute in list(self._mutes.values()):
            if mute.until <= now:
                del self._mutes[mute.key]
                await self._forget(f"mute:{mute.key}")

    async def _forget(self, name: str) -> None:
        self._unsaved.pop(name, None)
        await self._key_values.remove(name)


def _find_decisions(incident: Incident, subject: DataSubject) -> list[str]:
    """Return the fields of an incident that name the person as one who decided or works."""
    assignment = incident.assignee
    named = {
        "assignee": assignment.person if assignment else None,
        "assignee.by": assignment.by if assignment else None,
        "muted_by": incident.muted_by,
        "triage_by": incident.triage_by,
    }
    found = {field.split(".")[0] for field, who in named.items() if who and who.id == subject.id}
    return sorted(found)


def _remove_name(incident: Incident, field: str, subject: DataSubject) -> object:
    """Return the value of a field without the person's name."""
    assignment = incident.assignee
    if field == "assignee" and assignment is not None and assignment.person.id != subject.id:
        return assignment.replace(by=NOBODY)
    return NOBODY if field == "triage_by" else None

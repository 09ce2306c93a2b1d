"""Every incident that is open or was lately, in memory and in the key-value store."""

import asyncio
import logging
from datetime import datetime, timedelta

from bot.domain.errors import StoreError
from bot.domain.failure_report import FailureReport
from bot.domain.incident import INCIDENT, LOUDNESS, Digest, Incident, Mute
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.record import Record
from bot.ports.key_value_store import KeyValueStore

MOST_OPEN = 200
_MOST_STORED = 500  # resolved ones
_RETENTION = timedelta(days=30)
_log = logging.getLogger(__name__)


class IncidentRepository:
    """Incidents by id. A change counts at once; `flush` makes it durable.

    Whoever waited for something changes the incident there is now, never the copy they had.
    """

    def __init__(self, key_values: KeyValueStore) -> None:
        self._key_values = key_values
        self._incidents: dict[str, Incident] = {}
        self._digests: dict[str, Digest] = {}
        self._mutes: dict[str, Mute] = {}
        self._unsaved: dict[str, Record] = {}
        self.starting = asyncio.Lock()  # held while a run about an incident is started
        self.busy = False  # what was found is still being looked into: there may be more of it

    async def load(self) -> None:
        """Read what an earlier process kept. What cannot be read is logged and left alone."""
        try:
            incidents = await self._key_values.list_records(INCIDENT, Incident)
            digests = await self._key_values.list_records("digest:", Digest)
            mutes = await self._key_values.list_records("mute:", Mute)
        except StoreError:
            _log.exception("the incidents of earlier cannot be read; I begin without them")
            return
        self._incidents |= {each.id: each for each in incidents}
        self._digests |= {each.id: each for each in digests}
        self._mutes |= {each.key: each for each in mutes}
        for digest in digests:
            for listed in digest.incidents:  # it was ended before it had noted that
                known = self._incidents.get(listed)
                if known is not None and not known.is_announced:
                    self.change(listed, digest=digest.id)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """All there are, those that were opened first first."""
        return tuple(sorted(self._incidents.values(), key=lambda each: (each.opened_at, each.id)))

    @property
    def open(self) -> tuple[Incident, ...]:
        """Those that go on."""
        return tuple(each for each in self.incidents if each.open)

    @property
    def seen_by_rules(self) -> tuple[Incident, ...]:
        """Those that go on and are over once no rule sees them any more."""
        return tuple(each for each in self.open if each.rollback is None)

    @property
    def digests(self) -> tuple[Digest, ...]:
        """All there are."""
        return tuple(self._digests.values())

    def get(self, incident_id: str) -> Incident | None:
        """Return one by id."""
        return self._incidents.get(incident_id)

    def list_for_digest(self, digest: Digest) -> tuple[Incident, ...]:
        """Return the incidents a digest lists, as far as they are kept."""
        found = (self._incidents.get(each) for each in digest.incidents)
        return tuple(each for each in found if each is not None)

    def put(self, incident: Incident) -> None:
        """Take in a new one, or another version of one."""
        if self._incidents.get(incident.id) != incident:
            self._incidents[incident.id] = incident
            self._unsaved[INCIDENT + incident.id] = incident

    def change(self, incident_id: str, **changes: object) -> Incident:
        """Return the incident with these fields changed."""
        changed = self._incidents[incident_id].replace(**changes)
        self.put(changed)
        return changed

    def put_digest(self, digest: Digest) -> None:
        """Take in a new digest, or another version of one."""
        self._digests[digest.id] = digest
        self._unsaved[f"digest:{digest.id}"] = digest

    def mute(self, keys: frozenset[str], by: Person, until: datetime) -> None:
        """Have nothing told of these keys until then."""
        for key in keys:
            self._mutes[key] = mute = Mute(key=key, by=by, until=until)
            self._unsaved[f"mute:{key}"] = mute

    def is_muted(self, key: str, now: datetime) -> bool:
        """Whether somebody muted that key, and it lasts."""
        mute = self._mutes.get(key)
        return mute is not None and now < mute.until

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many reports of faults are that person's."""
        return sum(
            report.person.id == subject.id
            for incident in self._incidents.values()
            for report in incident.reports
        )

    def has_report(self, subject: DataSubject, report: FailureReport) -> bool:
        """Whether that person's report of a failure is noted on its incident as well."""
        return any(
            incident.has_failure(report.event, report.fingerprint)
            and any(each.person.id == subject.id for each in incident.reports)
            for incident in self._incidents.values()
        )

    async def erase(self, subject: DataSubject) -> int:
        """Forget their reports, and that they were affected; return how many reports.

        Raises `StoreError`.
        """
        count = await self.count_records(subject)
        for incident in self.incidents:
            others = tuple(each for each in incident.reports if each.person.id != subject.id)
            affected = tuple(each for each in incident.affected if each != subject.pseudonym)
            self.change(incident.id, reports=others, affected=affected)
        await self.flush()
        return count

    async def flush(self) -> None:
        """Make every change durable, in the order they were made. Raises `StoreError`."""
        while self._unsaved:
            name, record = next(iter(self._unsaved.items()))
            await self._key_values.put(name, record)
            if self._unsaved.get(name) is record:
                del self._unsaved[name]

    def make_room(self) -> Incident | None:
        """Return the open incident that has to go so that there is room for another, if one has.

        Least is lost with the quietest of them, and of those the one longest not seen.
        """
        going_on = self.open
        if len(going_on) < MOST_OPEN:
            return None
        return min(going_on, key=lambda each: (LOUDNESS.index(each.severity), each.last_at))

    async def prune(self, now: datetime) -> None:
        """Forget what is long over. Raises `StoreError`."""
        over = [each for each in self.incidents if not each.open]
        too_many = len(over) - _MOST_STORED
        for number, each in enumerate(over):
            if number < too_many or now - each.last_at > _RETENTION:
                del self._incidents[each.id]
                await self._forget(INCIDENT + each.id)
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

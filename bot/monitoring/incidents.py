"""Incidents: which fault an anomaly is of, and when it is over."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from bot.detection import Detector
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.ids import run_id as new_id
from bot.domain.incident import LOUDNESS, MOST_AFFECTED, Incident, Severity
from bot.domain.journal import loop_of
from bot.domain.monitoring_config import IncidentsConfig
from bot.domain.samples import Sample
from bot.domain.shipped_fix import ShippedFix
from bot.domain.thresholds import Thresholds
from bot.monitoring.anomaly_classifier import AnomalyClassifier, ClassifiedAnomaly
from bot.monitoring.fault_words import action_in_words, noticed, title_of
from bot.monitoring.fixed_incidents import FixedIncidents, earlier
from bot.monitoring.incident_counter import IncidentCounter, counts_more
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock
from bot.triage import Origin

_AGAIN = timedelta(days=1)
_log = logging.getLogger(__name__)


class IncidentTracker:
    """Opens, updates and resolves what the repository holds. Tells nobody."""

    def __init__(
        self,
        incident_repository: IncidentRepository,
        classifier: AnomalyClassifier,
        clock: Clock,
        config: IncidentsConfig,
        thresholds: Thresholds,
    ) -> None:
        self._incident_repository = incident_repository
        self._classifier = classifier
        self._clock = clock
        self._config = config
        self._thresholds = thresholds
        self._quiet = timedelta(minutes=config.resolved_after_minutes)
        self._mended = FixedIncidents(incident_repository, self._quiet)
        self._pulses: dict[str, IncidentCounter] = {}
        self._by_event: dict[str, list[IncidentCounter]] = {}
        self._loops: dict[str, str] = {}  # by the event of a loop that has stopped
        self._by_fingerprint: dict[str | None, list[IncidentCounter]] = {}

    def reconfigure(self, config: IncidentsConfig, thresholds: Thresholds) -> None:
        """Go by these from now on: what is open stays as severe as it was until it grows."""
        self._config, self._thresholds = config, thresholds
        self._quiet = timedelta(minutes=config.resolved_after_minutes)
        self._mended.reconfigure(self._quiet)

    def begin(self) -> int:
        """Take up what the repository holds; return the number of the newest record counted."""
        self._mended.begin()
        self._listen()
        return max((each.counted_to for each in self._incident_repository.everything), default=0)

    def see(self, sample: Sample, number: int) -> None:
        """Count a record for the incidents it belongs to. Called for every record: cheap."""
        if self._mended.see(sample, number):
            self._listen()
        if sample.event in self._loops and sample.outcome == "ok":  # it runs again
            over: dict[str, object] = {"status": "resolved", "resolved_at": sample.when}
            self._incident_repository.change(self._loops[sample.event], **over)
            self._listen()
        heard = self._by_event.get(sample.event, [])
        if sample.fingerprint in self._by_fingerprint:
            elsewhere = self._by_fingerprint[sample.fingerprint]
            heard = heard + [each for each in elsewhere if each not in heard]
        for incident_counter in heard:
            incident_counter.see(sample, number)

    def settle(self, fixes: Mapping[str, ShippedFix]) -> None:
        """Show what was shipped, and end what a fix is seen to have ended."""
        self.fold()
        if self._mended.settle(fixes, self._clock.now()):
            self._listen()

    def fold(self) -> None:
        """Put what was counted into the records."""
        for incident_id, incident_counter in self._pulses.items():
            known = self._incident_repository.get(incident_id)
            if incident_counter.changed and known is not None:
                self._incident_repository.put(incident_counter.beaten(known))

    async def judge(self, anomaly: Anomaly, number: int = 0) -> Incident | None:
        """Return the incident an anomaly is of, new or known; `None` where nobody is to be told.

        What it changed is durable when it returns. Raises `StoreError`.
        """
        now = self._clock.now()
        if self._incident_repository.is_muted(anomaly.key, now) or now - anomaly.at >= self._quiet:
            return None
        self.fold()
        known = next(
            (each for each in self._incident_repository.open if each.is_about(anomaly)), None
        )
        if known is None:
            known = self._resolved_lately(anomaly, now)
            if known is not None and known.fix is not None and known.fix.covers(anomaly.at):
                return None
        seen = await self._classifier.look_at(anomaly) if known is None else None
        if seen is not None:
            known = self._same_outage(anomaly, seen)
        if known is None:
            incident = self._opened(anomaly, seen or ClassifiedAnomaly(), now, number)
            closed = self._closed_before(incident)
            if closed is not None:
                incident = incident.but(follows=earlier(closed))
                self._incident_repository.change(closed.id, followed_by=incident.id)
        else:
            incident = await self._updated(known, anomaly, now, number)
            if seen is not None:
                incident = self._with_these(incident, known, anomaly, seen, number)
        self._incident_repository.put(incident)
        self._listen()
        await self._incident_repository.flush()
        return incident

    def resolve(self, detector: Detector) -> None:
        """End what was quiet for long enough, by what the detector has seen."""
        self.fold()
        now = self._clock.now()
        over = False
        for each in self._incident_repository.seen_by_rules:
            if each.muted_until is not None and not each.is_muted(now):
                self._incident_repository.change(each.id, muted_until=None, muted_by=None)
            if now - each.last_at < (_AGAIN if each.loop is not None else self._quiet):
                continue
            last_at = min(now, max(each.last_at, *_last_seen(each, detector)))
            if now - last_at < self._quiet:
                self._incident_repository.change(each.id, last_at=last_at)
            else:
                over = True
                self._incident_repository.change(
                    each.id, status="resolved", last_at=last_at, resolved_at=now
                )
        if over:
            self._listen()

    # How it is done

    def _resolved_lately(self, anomaly: Anomaly, now: datetime) -> Incident | None:
        for each in reversed(self._incident_repository.everything):
            same = anomaly.key in each.anomaly_keys or (
                anomaly.fingerprint is not None and anomaly.fingerprint == each.fingerprint
            )
            if not each.open and same and each.followed_by is None and now - each.last_at < _AGAIN:
                return each
        return None

    def _closed_before(self, incident: Incident) -> Incident | None:
        """Return the newest closed one of the same failure, however long ago."""
        for each in reversed(self._incident_repository.everything):
            if not each.open and each.is_same_fault(incident):
                return each
        return None

    def _same_outage(self, anomaly: Anomaly, seen: ClassifiedAnomaly) -> Incident | None:
        """Return what is open of the same action if both are a third party's.

        Who is down answers with an error now and not at all then: that is one incident.
        """
        if anomaly.rule is Rule.LATENCY or seen.triage.origin is not Origin.OUTSIDE:
            return None
        for each in self._incident_repository.open:
            fails = Rule.LATENCY not in each.rules and each.event == anomaly.event
            if fails and each.triage.origin is Origin.OUTSIDE:
                return each
        return None

    def _with_these(
        self,
        incident: Incident,
        known: Incident,
        anomaly: Anomaly,
        seen: ClassifiedAnomaly,
        number: int,
    ) -> Incident:
        """Count what was not counted before, as it was not known to belong to the incident."""
        if Rule.ERROR_RATE in known.rules:
            return incident  # every failure of the action was counted
        self._pulses.pop(incident.id, None)
        affected = dict.fromkeys((*incident.affected, *seen.users))
        return incident.but(
            count=incident.count + anomaly.bad,
            counted_to=max(incident.counted_to, number),
            affected=tuple(affected)[:MOST_AFFECTED],
        )

    def _opened(
        self, anomaly: Anomaly, seen: ClassifiedAnomaly, now: datetime, number: int
    ) -> Incident:
        crowded = self._incident_repository.make_room()
        if crowded is not None:
            _log.warning("too many incidents are open; %s is closed for a new one", crowded.id)
            self._incident_repository.change(crowded.id, status="resolved", resolved_at=now)
        incident_id = new_id()
        while self._incident_repository.get(incident_id) is not None:
            incident_id = new_id()
        if loop_of(anomaly.event) is not None:
            anomaly = anomaly.but(evidence=seen.evidence or anomaly.evidence)
        name = action_in_words(anomaly.event)
        return Incident(
            id=incident_id,
            severity=self._severity((anomaly,)),
            event=anomaly.event,
            fingerprint=seen.fingerprint,
            name=name,
            error=seen.error,
            files=seen.files,
            title=title_of(name, seen.error, anomaly),
            noticed=noticed(anomaly, self._thresholds),
            anomalies=(anomaly,),
            count=anomaly.bad,
            judged_count=anomaly.bad,
            counted_to=number,
            affected=seen.users[:MOST_AFFECTED],
            opened_at=min(anomaly.at, now),
            began_at=min(anomaly.since or anomaly.at, now),
            last_at=min(anomaly.at, now),
            triage=seen.triage,
        )

    async def _updated(
        self, known: Incident, anomaly: Anomaly, now: datetime, number: int
    ) -> Incident:
        seen = None
        if known.fingerprint is None and anomaly.evidence:
            seen = await self._classifier.look_at(anomaly)
            known = self._incident_repository.get(known.id) or known
        others = tuple(each for each in known.anomalies if each.key != anomaly.key)
        anomalies = (*others, anomaly)
        changes: dict[str, object] = {
            "anomalies": anomalies,
            "severity": self._severity(anomalies),
            "last_at": max(known.last_at, min(anomaly.at, now)),
        }
        if seen is not None and seen.error:
            changes |= {
                "fingerprint": seen.fingerprint,
                "error": seen.error,
                "files": seen.files,
                "triage": seen.triage,
            }
        if self._loudest(anomalies).key == anomaly.key:
            error = str(changes.get("error", known.error))
            changes["title"] = title_of(known.name, error, anomaly)
            changes["noticed"] = noticed(anomaly, self._thresholds)
        if not known.open:
            changes |= {
                "status": "open",
                "resolved_at": None,
                "again": known.again + 1,
                "again_at": now,
                "count": known.count + anomaly.bad,
                "counted_to": max(known.counted_to, number),
            }
        elif counts_more(known, anomaly):
            self._pulses.pop(known.id, None)
            changes |= {"count": anomaly.bad, "began_at": anomaly.since, "counted_to": number}
        return known.but(**changes)

    def _severity(self, anomalies: Iterable[Anomaly]) -> Severity:
        """Return that of the loudest rule; one that is not set in the configuration is medium."""
        found = [self._config.severity.get(each.rule, Severity.MEDIUM) for each in anomalies]
        return max(found, key=LOUDNESS.index)

    def _loudest(self, anomalies: Iterable[Anomaly]) -> Anomaly:
        return max(anomalies, key=lambda each: (LOUDNESS.index(self._severity((each,))), each.at))

    def _listen(self) -> None:
        """Sort the counters of what is open by what they have to hear."""
        going_on = {each.id: each for each in self._incident_repository.open}
        self._pulses = {
            each.id: self._pulses.get(each.id) or IncidentCounter(each)
            for each in going_on.values()
        }
        self._by_event, self._by_fingerprint = {}, {}
        self._loops = {each.loop: each.id for each in going_on.values() if each.loop is not None}
        for incident_id, incident_counter in self._pulses.items():
            incident = going_on[incident_id]
            incident_counter.follow(incident)
            for event in {each.event for each in incident.anomalies}:
                self._by_event.setdefault(event, []).append(incident_counter)
            for fingerprint in {each.fingerprint for each in incident.anomalies} - {None}:
                self._by_fingerprint.setdefault(fingerprint, []).append(incident_counter)


def _last_seen(incident: Incident, detector: Detector) -> Iterator[datetime]:
    """Yield when each of its anomalies was not quiet last, and when that is not known, long ago."""
    for each in incident.anomalies:
        at = detector.quiet_since(each.rule, each.event, each.fingerprint)
        yield incident.opened_at if at is None else datetime.fromtimestamp(at, UTC)

"""Decides which incident an anomaly belongs to, and when an incident is over."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from bot.detection import Detector
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.ids import create_run_id as new_id
from bot.domain.incident import LOUDNESS, MOST_AFFECTED, Incident, Severity
from bot.domain.journal import get_loop_event
from bot.domain.monitoring_config import IncidentsConfig
from bot.domain.samples import Sample
from bot.domain.shipped_fix import ShippedFix
from bot.domain.thresholds import Thresholds
from bot.monitoring.anomaly_classifier import AnomalyClassifier, ClassifiedAnomaly
from bot.monitoring.earlier_decisions import keep_decisions
from bot.monitoring.fault_texts import describe_anomaly, format_action, format_title
from bot.monitoring.fixed_incidents import FixedIncidents, to_earlier
from bot.monitoring.incident_counter import IncidentCounter, has_wider_count
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock
from bot.triage import Origin

_RETURN_WINDOW = timedelta(days=1)  # a failure within it reopens the incident
_log = structlog.stdlib.get_logger(__name__)


class IncidentTracker:
    """Opens, updates and resolves the repository's incidents. Sends no messages."""

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
        self._fixed = FixedIncidents(incident_repository, self._quiet)
        self._counters: dict[str, IncidentCounter] = {}
        self._by_event: dict[str, list[IncidentCounter]] = {}
        self._loops: dict[str, str] = {}  # incident ids by the event of a stopped loop
        self._by_fingerprint: dict[str | None, list[IncidentCounter]] = {}

    def reconfigure(self, config: IncidentsConfig, thresholds: Thresholds) -> None:
        """Use these settings from now on. An open incident keeps its severity until it grows."""
        self._config, self._thresholds = config, thresholds
        self._quiet = timedelta(minutes=config.resolved_after_minutes)
        self._fixed.reconfigure(self._quiet)

    def begin(self) -> int:
        """Load the state from the repository; return the number of the newest counted record."""
        self._fixed.begin()
        self._reindex()
        return max((each.counted_to for each in self._incident_repository.incidents), default=0)

    def see(self, sample: Sample, number: int) -> None:
        """Count a record for its incidents. Called for every record, so it must be cheap."""
        if self._fixed.see(sample, number):
            self._reindex()
        if sample.event in self._loops and sample.outcome == "ok":  # the loop runs again
            resolution: dict[str, object] = {"status": "resolved", "resolved_at": sample.when}
            self._incident_repository.change(self._loops[sample.event], **resolution)
            self._reindex()
        counters = self._by_event.get(sample.event, [])
        if sample.fingerprint in self._by_fingerprint:
            same_failure = self._by_fingerprint[sample.fingerprint]
            counters = counters + [each for each in same_failure if each not in counters]
        for incident_counter in counters:
            incident_counter.see(sample, number)

    def settle(self, fixes: Mapping[str, ShippedFix]) -> None:
        """Show shipped fixes on incidents, and close the incidents that a fix has ended."""
        self.fold()
        if self._fixed.settle(fixes, self._clock.now()):
            self._reindex()

    def fold(self) -> None:
        """Write the counters' values into the incidents."""
        for incident_id, incident_counter in self._counters.items():
            known = self._incident_repository.get(incident_id)
            if incident_counter.changed and known is not None:
                self._put(incident_counter.apply_to(known))

    async def judge(self, anomaly: Anomaly, number: int = 0) -> Incident | None:
        """Return the new or known incident of an anomaly; `None` if it is not to be announced.

        The change is durable when it returns. Raises `StoreError`.
        """
        now = self._clock.now()
        if self._incident_repository.is_muted(anomaly.key, now) or now - anomaly.at >= self._quiet:
            return None
        self.fold()
        known = next(
            (each for each in self._incident_repository.open if each.is_about(anomaly)), None
        )
        if known is None:
            known = self._find_recently_resolved(anomaly, now)
            if known is not None and known.fix is not None and known.fix.is_later_than(anomaly.at):
                return None
        seen = await self._classifier.look_at(anomaly) if known is None else None
        # Only now is it known whether a third party is at fault.
        if seen is not None:
            known = self._find_same_outage(anomaly, seen)
        if known is None:
            incident = self._open(anomaly, seen or ClassifiedAnomaly(), now, number)
            closed = self._find_predecessor(incident)
            if closed is not None:
                incident = keep_decisions(incident.replace(follows=to_earlier(closed)), closed)
                self._incident_repository.change(closed.id, followed_by=incident.id)
        else:
            incident = await self._update(known, anomaly, now, number)
            if seen is not None:
                incident = self._add_anomaly_counts(incident, known, anomaly, seen, number)
        incident = self._put(incident)
        self._reindex()
        await self._incident_repository.flush()
        return incident

    def resolve(self, detector: Detector) -> None:
        """Close the incidents that have been quiet for long enough, according to the detector."""
        self.fold()
        now = self._clock.now()
        has_resolved = False
        for each in self._incident_repository.seen_by_rules:
            if now - each.last_at < (_RETURN_WINDOW if each.loop is not None else self._quiet):
                continue
            last_at = min(now, max(each.last_at, *_iterate_last_seen(each, detector)))
            if now - last_at < self._quiet:
                self._incident_repository.change(each.id, last_at=last_at)
            else:
                has_resolved = True
                self._incident_repository.change(
                    each.id, status="resolved", last_at=last_at, resolved_at=now
                )
        if has_resolved:
            self._reindex()

    # Implementation

    def _find_recently_resolved(self, anomaly: Anomaly, now: datetime) -> Incident | None:
        for each in reversed(self._incident_repository.incidents):
            same = anomaly.key in each.anomaly_keys or (
                anomaly.fingerprint is not None and anomaly.fingerprint == each.fingerprint
            )
            if (
                not each.open
                and same
                and each.followed_by is None
                and now - each.last_at < _RETURN_WINDOW
            ):
                return each
        return None

    def _find_predecessor(self, incident: Incident) -> Incident | None:
        """Return the newest closed incident of the same failure, whatever its age."""
        for each in reversed(self._incident_repository.incidents):
            if not each.open and each.is_same_fault(incident):
                return each
        return None

    def _find_same_outage(self, anomaly: Anomaly, seen: ClassifiedAnomaly) -> Incident | None:
        """Return an open incident of the same action if a third party causes both.

        A service that is down answers with an error at one time and not at all at another. Both
        belong to one incident.
        """
        if anomaly.rule is Rule.LATENCY or seen.triage.origin is not Origin.OUTSIDE:
            return None
        for each in self._incident_repository.open:
            fails = Rule.LATENCY not in each.rules and each.event == anomaly.event
            if fails and each.triage.origin is Origin.OUTSIDE:
                return each
        return None

    def _add_anomaly_counts(
        self,
        incident: Incident,
        known: Incident,
        anomaly: Anomaly,
        seen: ClassifiedAnomaly,
        number: int,
    ) -> Incident:
        """Add failures that were not counted yet, because they were not linked to the incident."""
        if Rule.ERROR_RATE in known.rules:
            return incident  # all failures of the action are already counted
        self._counters.pop(incident.id, None)
        affected = dict.fromkeys((*incident.affected, *seen.users))
        return incident.replace(
            count=incident.count + anomaly.bad,
            counted_to=max(incident.counted_to, number),
            affected=tuple(affected)[:MOST_AFFECTED],
        )

    def _open(
        self, anomaly: Anomaly, seen: ClassifiedAnomaly, now: datetime, number: int
    ) -> Incident:
        crowded = self._incident_repository.make_room()
        if crowded is not None:
            _log.warning("too many incidents are open; %s is closed for a new one", crowded.id)
            self._incident_repository.change(crowded.id, status="resolved", resolved_at=now)
        incident_id = new_id()
        while self._incident_repository.get(incident_id) is not None:
            incident_id = new_id()
        if get_loop_event(anomaly.event) is not None:
            anomaly = anomaly.replace(evidence=seen.evidence or anomaly.evidence)
        name = format_action(anomaly.event)
        return Incident(
            id=incident_id,
            severity=self._get_severity((anomaly,)),
            event=anomaly.event,
            fingerprint=seen.fingerprint,
            name=name,
            error=seen.error,
            files=seen.files,
            title=format_title(name, seen.error, anomaly),
            noticed=describe_anomaly(anomaly, self._thresholds),
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

    async def _update(
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
            "severity": self._get_severity(anomalies),
            "last_at": max(known.last_at, min(anomaly.at, now)),
        }
        if seen is not None and seen.error:
            changes |= {
                "fingerprint": seen.fingerprint,
                "error": seen.error,
                "files": seen.files,
                "triage": seen.triage if known.triage_by is None else known.triage,
            }
        if self._find_loudest(anomalies).key == anomaly.key:
            error = str(changes.get("error", known.error))
            changes["title"] = format_title(known.name, error, anomaly)
            changes["noticed"] = describe_anomaly(anomaly, self._thresholds)
        if not known.open:
            changes |= {
                "status": "open",
                "resolved_at": None,
                "recurrences": known.recurrences + 1,
                "recurred_at": now,
                "count": known.count + anomaly.bad,
                "counted_to": max(known.counted_to, number),
            }
            if known.has_mute and not known.is_muted(now):  # it ended while nothing happened
                changes |= {"muted_until": None, "muted_to": None, "muted_by": None}
        elif has_wider_count(known, anomaly):
            self._counters.pop(known.id, None)
            changes |= {"count": anomaly.bad, "began_at": anomaly.since, "counted_to": number}
        return known.replace(**changes)

    def _get_severity(self, anomalies: Iterable[Anomaly]) -> Severity:
        """Return the highest severity of the rules; a rule without a setting counts as medium."""
        found = [self._config.severity.get(each.rule, Severity.MEDIUM) for each in anomalies]
        return max(found, key=LOUDNESS.index)

    def _put(self, incident: Incident) -> Incident:
        """Keep an incident, with high severity if an error of our code has repeated often."""
        most = self._config.high_after
        repeats = Rule.REPEATED_ERROR in incident.rules and incident.triage.ours
        if most and repeats and incident.count >= most:
            incident = incident.replace(severity=Severity.HIGH)
        self._incident_repository.put(incident)
        return incident

    def _find_loudest(self, anomalies: Iterable[Anomaly]) -> Anomaly:
        return max(
            anomalies, key=lambda each: (LOUDNESS.index(self._get_severity((each,))), each.at)
        )

    def _reindex(self) -> None:
        """Index the counters of open incidents by event and by fingerprint."""
        open_incidents = {each.id: each for each in self._incident_repository.open}
        self._counters = {
            each.id: self._counters.get(each.id) or IncidentCounter(each)
            for each in open_incidents.values()
        }
        self._by_event, self._by_fingerprint = {}, {}
        self._loops = {
            each.loop: each.id for each in open_incidents.values() if each.loop is not None
        }
        for incident_id, incident_counter in self._counters.items():
            incident = open_incidents[incident_id]
            incident_counter.follow(incident)
            for event in {each.event for each in incident.anomalies}:
                self._by_event.setdefault(event, []).append(incident_counter)
            for fingerprint in {each.fingerprint for each in incident.anomalies} - {None}:
                self._by_fingerprint.setdefault(fingerprint, []).append(incident_counter)


def _iterate_last_seen(incident: Incident, detector: Detector) -> Iterator[datetime]:
    """Yield when each anomaly was last active; if unknown, when the incident was opened."""
    for each in incident.anomalies:
        at = detector.get_quiet_since(each.rule, each.event, each.fingerprint)
        yield incident.opened_at if at is None else datetime.fromtimestamp(at, UTC)

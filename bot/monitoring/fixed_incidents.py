"""Links shipped fixes to their incidents. Fixes are read from the runs and not stored here.

A fix that holds closes its incident. A later failure opens a new incident that refers to the closed
one. While the fix is still watched, a failure reopens the same incident.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.ids import encode_short_code
from bot.domain.incident import Earlier, Incident
from bot.domain.samples import Sample
from bot.domain.shipped_fix import ShippedFix
from bot.monitoring.fault_texts import format_title
from bot.monitoring.incident_repository import IncidentRepository


class FixedIncidents:
    """Shows fixes on incidents, closes those whose fix holds, and detects a failure after it."""

    def __init__(self, incident_repository: IncidentRepository, quiet: timedelta) -> None:
        self._incident_repository = incident_repository
        self._quiet = quiet
        self._failed: dict[
            str, float
        ] = {}  # by fingerprint of an incident: start of the last failure
        self._live: dict[
            str, tuple[str, float]
        ] = {}  # by fingerprint of a fixed incident: its id, and when the fix came live

    def reconfigure(self, quiet: timedelta) -> None:
        """Set how long an incident must be without its failure to count as over."""
        self._quiet = quiet

    def begin(self) -> None:
        """Load the state from the repository."""
        for each in self._incident_repository.incidents:
            self._track(each)

    def settle(self, fixes: Mapping[str, ShippedFix], now: datetime) -> bool:
        """Update incidents with the fixes shipped for them; return whether one was closed."""
        self._live, has_closed = {}, False
        fingerprints = {each.fingerprint for each in self._incident_repository.incidents}
        self._failed = {one: at for one, at in self._failed.items() if one in fingerprints}
        for each in self._incident_repository.incidents:
            fix = fixes.get(each.fingerprint or "")
            # A fix that a newer failure has overtaken is not shown on the incident.
            if fix is not None and not (each.is_ended_by(fix) and self._is_unseen(fix)):
                fix = None
            if each.fix != fix:
                self._incident_repository.change(each.id, fix=fix)
            if fix is not None and each.open and self._is_holding(fix, now):
                self._incident_repository.change(each.id, status="resolved", resolved_at=now)
                has_closed = True
            self._track(self._incident_repository.get(each.id) or each)
        return has_closed

    def see(self, sample: Sample, number: int) -> bool:
        """Return whether the record is a failure after a fix, so that an incident is open again."""
        fingerprint = sample.fingerprint
        if fingerprint is None or fingerprint not in self._failed or not sample.is_failure:
            return False
        began = sample.at - (sample.duration_ms or 0.0) / 1_000
        self._failed[fingerprint] = max(began, self._failed[fingerprint])
        incident_id, live = self._live.get(fingerprint, ("", 0.0))
        known = self._incident_repository.get(incident_id)
        if known is None or began < live:
            return False
        del self._live[fingerprint]
        if known.open:
            self._incident_repository.put(_reopen(known, sample))
        elif self._incident_repository.get(create_successor_id(known.id)) is None:
            # The successor is saved first. Otherwise a crash in between would leave the closed
            # incident with a reference to an incident that does not exist.
            opened = _open_successor(known, sample, number)
            self._incident_repository.put(opened)
            self._incident_repository.change(known.id, fix=None, followed_by=opened.id)
        return True

    def _track(self, incident: Incident) -> None:
        if incident.fingerprint is None:
            return
        self._failed.setdefault(incident.fingerprint, 0.0)
        fix = incident.fix
        if fix is not None and fix.live_at is not None:
            self._live[incident.fingerprint] = incident.id, fix.live_at.timestamp()

    def _is_unseen(self, fix: ShippedFix) -> bool:
        """Return whether no action that began after the fix came live has failed this way."""
        return fix.is_later_than(
            datetime.fromtimestamp(self._failed.get(fix.fingerprint, 0.0), UTC)
        )

    def _is_holding(self, fix: ShippedFix, now: datetime) -> bool:
        """Return whether the fix holds: it was judged so, or it was inconclusive and stayed quiet.

        Every failure after the fix has removed the fix from the incident before this is called.
        """
        if fix.live_at is None or fix.verdict is None:
            return False
        return fix.verdict == "fixed" or now - fix.live_at >= self._quiet


def _reopen(known: Incident, sample: Sample) -> Incident:
    """Return an incident whose fix was still watched and did not hold, as open again.

    The incident's counter counts the failure, so the count does not change here.
    """
    return known.replace(
        fix=None,
        recurrences=known.recurrences + 1,
        recurred_at=sample.when,
        last_at=max(known.last_at, sample.when),
    )


def _open_successor(closed: Incident, sample: Sample, number: int) -> Incident:
    """Return a new incident for a failure whose earlier incident was closed by a fix."""
    anomaly = Anomaly(
        rule=Rule.REPEATED_ERROR, event=sample.event, fingerprint=sample.fingerprint,
        at=sample.when, value=1, threshold=1, volume=1, since=sample.when, evidence=(sample.id,),
    )  # fmt: skip
    return Incident(
        id=create_successor_id(closed.id),
        severity=closed.severity,
        event=closed.event,
        fingerprint=closed.fingerprint,
        name=closed.name,
        error=closed.error,
        files=closed.files,
        title=format_title(closed.name, closed.error, anomaly),
        noticed="it failed for the first time after its fix",
        anomalies=(anomaly,),
        count=1,
        counted_to=number,
        affected=() if sample.user is None else (sample.user,),
        opened_at=sample.when,
        began_at=sample.when,
        last_at=sample.when,
        triage=closed.triage,
        triage_by=closed.triage_by,
        assignee=closed.assignee,
        follows=to_earlier(closed),
    )


def to_earlier(closed: Incident) -> Earlier:
    """Return a closed incident in the form that its successor refers to."""
    return Earlier(incident=closed.id, ended_at=closed.last_at, fix=closed.fix)


def create_successor_id(incident_id: str) -> str:
    """Return the id of the following incident. It is derived, so none is opened twice."""
    number = int.from_bytes(hashlib.sha256(incident_id.encode()).digest()[:4])
    return encode_short_code(number)

"""What a shipped fix means for the incident it was for. Fixes are read from the runs, not kept."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.samples import Sample
from bot.domain.shipped_fix import ShippedFix
from bot.monitoring.incident_repository import IncidentRepository


class FixedIncidents:
    """Shows fixes on incidents, ends those that hold, and opens them again at the first failure."""

    def __init__(self, incident_repository: IncidentRepository, quiet: timedelta) -> None:
        self._incident_repository = incident_repository
        self._quiet = quiet
        self._failed: dict[str, float] = {}  # fingerprints of incidents: when one began last
        self._live: dict[str, tuple[str, float]] = {}  # of mended ones: incident, since when

    def begin(self) -> None:
        """Take up what the repository holds."""
        for each in self._incident_repository.everything:
            self._listen(each)

    def settle(self, fixes: Mapping[str, ShippedFix], now: datetime) -> bool:
        """Bring incidents up to what was shipped for them; return whether one was ended."""
        self._live, over = {}, False
        fingerprints = {each.fingerprint for each in self._incident_repository.everything}
        self._failed = {one: at for one, at in self._failed.items() if one in fingerprints}
        for each in self._incident_repository.everything:
            fix = fixes.get(each.fingerprint or "")
            if fix is not None and not (each.ended_by(fix) and self._unseen(fix)):
                fix = None
            if each.fix != fix:
                self._incident_repository.change(each.id, fix=fix)
            if fix is not None and each.open and self._holds(fix, now):
                self._incident_repository.change(each.id, status="resolved", resolved_at=now)
                over = True
            self._listen(self._incident_repository.get(each.id) or each)
        return over

    def see(self, sample: Sample, number: int) -> bool:
        """Return whether the record is a failure after a fix, and its incident goes on now."""
        fingerprint = sample.fingerprint
        if fingerprint is None or fingerprint not in self._failed or not sample.failed:
            return False
        began = sample.at - (sample.duration_ms or 0.0) / 1_000
        self._failed[fingerprint] = max(began, self._failed[fingerprint])
        incident_id, live = self._live.get(fingerprint, ("", 0.0))
        known = self._incident_repository.get(incident_id)
        if known is None or began < live:
            return False
        del self._live[fingerprint]
        self._incident_repository.put(_again(known, sample, number))
        return True

    def _listen(self, incident: Incident) -> None:
        if incident.fingerprint is None:
            return
        self._failed.setdefault(incident.fingerprint, 0.0)
        fix = incident.fix
        if fix is not None and fix.live_at is not None:
            self._live[incident.fingerprint] = incident.id, fix.live_at.timestamp()

    def _unseen(self, fix: ShippedFix) -> bool:
        """Whether nothing that began since it came live has failed that way."""
        return fix.covers(datetime.fromtimestamp(self._failed.get(fix.fingerprint, 0.0), UTC))

    def _holds(self, fix: ShippedFix, now: datetime) -> bool:
        """Whether it is over: judged so, or judged by too little and quiet for as long as others.

        Any failure since has taken the fix off the incident.
        """
        if fix.live_at is None or fix.verdict is None:
            return False
        return fix.verdict == "fixed" or now - fix.live_at >= self._quiet


def _again(known: Incident, sample: Sample, number: int) -> Incident:
    """Return the incident as it goes on; what is open counts its failures itself."""
    count = known.count if known.open else known.count + 1
    return known.but(
        status="open",
        resolved_at=None,
        fix=None,
        again=known.again + 1,
        again_at=sample.when,
        last_at=max(known.last_at, sample.when),
        count=count,
        counted_to=known.counted_to if known.open else number,
    )

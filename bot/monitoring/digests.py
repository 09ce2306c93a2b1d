"""Digests: several incidents in one message, in a storm and after quiet hours."""

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.authority.quiet_state import QuietState
from bot.domain.ids import create_run_id as new_id
from bot.domain.incident import Digest, Incident, Severity
from bot.domain.monitoring_config import IncidentsConfig, QuietHours
from bot.monitoring.incident_repository import IncidentRepository

_MOST_LISTED = 200


def is_quiet(hours: QuietHours | None, at: datetime) -> bool:
    """Return whether `at` is within the quiet hours; equal start and end mean all day."""
    if hours is None:
        return False
    local_time = at.astimezone(ZoneInfo(hours.timezone)).time()
    if hours.start < hours.end:
        return hours.start <= local_time < hours.end
    return local_time >= hours.start or local_time < hours.end


def can_wait(incident: Incident) -> bool:
    """Return whether the incident may wait until the quiet hours are over."""
    return incident.severity is not Severity.HIGH


class Digests:
    """Decides which incidents are announced together in a digest, and builds the digests."""

    def __init__(
        self,
        incident_repository: IncidentRepository,
        config: IncidentsConfig,
        quiet: QuietState | None = None,
    ) -> None:
        self._incident_repository = incident_repository
        self._config = config
        self._quiet = quiet

    def reconfigure(self, config: IncidentsConfig) -> None:
        """Use these quiet hours and storm limits from now on."""
        self._config = config

    @property
    def _window(self) -> timedelta:
        return timedelta(minutes=self._config.storm.minutes)

    def is_held(self, incident: Incident, now: datetime) -> bool:
        """Return whether the incident is held back until the quiet hours are over."""
        if not can_wait(incident):
            return False
        is_in_quiet_mode = self._quiet is not None and self._quiet.has_to_wait(
            needs_person=incident.is_for_people
        )
        return is_in_quiet_mode or is_quiet(self._config.quiet_hours, now)

    def sort_in(self, fresh: tuple[Incident, ...], now: datetime) -> tuple[Incident, ...]:
        """Add incidents to a digest where they belong; return those to announce one by one."""
        due = tuple(each for each in fresh if not self.is_held(each, now))
        if len(self._list_recent(now)) > self._config.storm.incidents:
            self._collect("storm", due, now)
            return ()
        held_before = tuple(each for each in due if self._was_held(each))
        if len(held_before) > 1:
            self._collect("quiet hours", held_before, now)
            return tuple(each for each in due if each not in held_before)
        return due

    def _list_recent(self, now: datetime) -> tuple[Incident, ...]:
        return tuple(
            each
            for each in self._incident_repository.incidents
            if now - get_start_time(each) <= self._window
        )

    def _was_held(self, incident: Incident) -> bool:
        start = get_start_time(incident)
        was_quiet = is_quiet(self._config.quiet_hours, start) or (
            self._quiet is not None and self._quiet.was_quiet(start)
        )
        return can_wait(incident) and was_quiet

    def _collect(
        self, why: Literal["storm", "quiet hours"], incidents: tuple[Incident, ...], now: datetime
    ) -> None:
        if not incidents:
            return
        digest = self._present(why, now) or Digest(
            id=new_id(), why=why, opened_at=now, joined_at=now
        )
        new = tuple(each.id for each in incidents if each.id not in digest.incidents)
        listed = (*digest.incidents, *new)
        # The digest is saved first: after a crash in between, an incident without its digest would
        # never be announced.
        self._incident_repository.put_digest(
            digest.replace(
                incidents=listed[:_MOST_LISTED],
                more=digest.more + len(listed[_MOST_LISTED:]),
                joined_at=now,
            )
        )
        for each in incidents:
            self._incident_repository.change(each.id, digest=digest.id, told_at=now)

    def _present(self, why: str, now: datetime) -> Digest | None:
        """Return the digest that is still open. A storm lasts as long as incidents keep coming."""
        for each in self._incident_repository.digests:
            if each.why == why and now - each.joined_at <= self._window:
                return each
        return None


def get_start_time(incident: Incident) -> datetime:
    """Return when the incident began, or when it came back last."""
    return incident.recurred_at or incident.opened_at

"""Decides which alerts are due: unannounced incidents and an outage of the chat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import Alert, AlertDelivery, AlertRules
from bot.domain.incident import LOUDNESS, Incident, Severity
from bot.monitoring.digests import get_start_time
from bot.presentation.counts import format_people_count, format_times

_MOST_ALONE = 5  # more that begin together are combined into one alert
_MOST_LISTED = 20
_TITLE, _TEXT = 300, 4_000


@dataclass(frozen=True)
class IncidentSource:
    """Gives access to incidents. `is_announced` says whether the chat has announced one.

    `page` is the start of incident URLs, without a slash at the end; empty without a dashboard.
    """

    incidents: Callable[[], Sequence[Incident]]
    is_announced: Callable[[Incident], bool]
    page: str = ""


class AlertSources:
    """Decides which alerts to send outside the chat, and which of them have ended."""

    def __init__(self, source: IncidentSource, rules: AlertRules) -> None:
        self._source = source
        self._rules = rules

    def reconfigure(self, rules: AlertRules) -> None:
        """Use these rules from now on."""
        self._rules = rules

    def find_new(
        self, known: Sequence[AlertDelivery], now: datetime, down: datetime | None
    ) -> tuple[AlertDelivery, ...]:
        """Return the alerts that are due and not `known`; `down` is when the outage began."""
        covered = {each for delivery in known for each in delivery.covers}
        due = [
            each
            for each in self._source.incidents()
            if build_cover_key(each) not in covered and self._is_due(each, now, down)
        ]
        alone = due if len(due) <= _MOST_ALONE else []
        found = [self._build_single(each, now) for each in alone]
        if len(due) > _MOST_ALONE:
            found.append(self._build_group(due, now))
        outage = None if down is None or not self._rules.chat else _build_outage(down, now)
        if outage is not None and all(each.alert.id != outage.alert.id for each in known):
            found.append(outage)
        return tuple(found)

    def find_resolution(
        self, delivery: AlertDelivery, now: datetime, down: datetime | None
    ) -> Alert | None:
        """Return the message that the alert has ended; `None` if it continues or this is unknown.

        An incident that is not loaded counts as unknown, because after a start incidents are loaded
        later than alerts.
        """
        alert = delivery.alert
        if alert.id.startswith(_CHAT):
            has_ended = down is None or _build_outage(down, now).alert.id != alert.id
            return (
                _build_resolution(alert, "The chat can be reached again.", now)
                if has_ended
                else None
            )
        known = {each.id: each for each in self._source.incidents()}
        covered = [known.get(each.partition(":")[0]) for each in delivery.covers]
        found = [each for each in covered if each is not None]
        if len(found) < len(covered) or not found:
            return None
        if any(each.open and build_cover_key(each) in delivery.covers for each in found):
            return None
        last = max(each.last_at for each in found)
        recurrence = "It has come back since then. " if any(each.open for each in found) else ""
        return _build_resolution(alert, f"{recurrence}Last seen {_format_time(last)}.", now)

    def _is_due(self, incident: Incident, now: datetime, down: datetime | None) -> bool:
        is_severe = LOUDNESS.index(incident.severity) >= LOUDNESS.index(self._rules.severity)
        if not (incident.open and is_severe) or incident.is_muted(now):
            return False
        if incident.rollback is not None:
            return False  # the rollback has sent its own alert
        if self._rules.when == "always":
            return True
        is_unannounced = not self._source.is_announced(incident)
        patience = timedelta(seconds=self._rules.down_seconds)
        return is_unannounced and (down is not None or now - get_start_time(incident) >= patience)

    def _build_single(self, incident: Incident, now: datetime) -> AlertDelivery:
        about = (incident.noticed and f"Noticed when {incident.noticed}.", _format_counts(incident))
        return _build_delivery(
            f"incident:{build_cover_key(incident)}",
            ("Again: " if incident.recurrences else "") + incident.full_title,
            " ".join(each for each in about if each),
            (incident,),
            now,
            url=f"{self._source.page}/incidents/{incident.id}" if self._source.page else "",
        )

    def _build_group(self, incidents: Sequence[Incident], now: datetime) -> AlertDelivery:
        listed = [
            f"- {each.full_title} ({_format_counts(each)})" for each in incidents[:_MOST_LISTED]
        ]
        more = len(incidents) - len(listed)
        return _build_delivery(
            f"incidents:{build_cover_key(incidents[0])}+{len(incidents) - 1}",
            f"{len(incidents)} incidents at once, the first: {incidents[0].title}",
            "\n".join([*listed, *([f"- and {more} more"] if more else [])]),
            tuple(incidents),
            now,
            url=f"{self._source.page}/incidents" if self._source.page else "",
        )


_CHAT = "chat:"


def build_cover_key(incident: Incident) -> str:
    """Return the key of what an alert covers. A recurrence of the incident has another key."""
    return f"{incident.id}:{incident.recurrences}"


def _build_delivery(
    alert_id: str,
    title: str,
    text: str,
    incidents: Sequence[Incident],
    now: datetime,
    *,
    url: str,
) -> AlertDelivery:
    alert = Alert(
        id=alert_id,
        severity=max((each.severity for each in incidents), key=LOUDNESS.index),
        title=" ".join(title.split())[:_TITLE],
        text=text[:_TEXT],
        since=min(get_start_time(each) for each in incidents),
        at=now,
        url=url,
    )
    return AlertDelivery(alert=alert, covers=tuple(map(build_cover_key, incidents)))


def _build_outage(down: datetime, now: datetime) -> AlertDelivery:
    alert = Alert(
        id=f"{_CHAT}{down:%Y-%m-%dT%H:%M:%S}",
        severity=Severity.HIGH,
        title="The chat cannot be reached",
        text=f"I have not been able to connect to the chat, or to send a message, since "
        f"{_format_time(down)}. I keep trying. Messages that wait to be sent are not lost.",
        since=down,
        at=now,
    )
    return AlertDelivery(alert=alert)


def _build_resolution(alert: Alert, text: str, now: datetime) -> Alert:
    beginning = f"It began {_format_time(alert.since)}."
    return alert.replace(state="resolved", text=f"{text} {beginning}", at=now)


def _format_counts(incident: Incident) -> str:
    people = (
        f", {format_people_count(len(incident.affected))} affected" if incident.affected else ""
    )
    return f"{format_times(incident.count)} since {_format_time(incident.since)}{people}"


def _format_time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

"""What there is to alert people of: incidents the chat does not tell, and the chat itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import Alert, AlertDelivery, AlertRules
from bot.domain.incident import LOUDNESS, Incident, Severity
from bot.monitoring.digests import get_start_time
from bot.presentation.counts import format_people_count, format_times

_MOST_ALONE = 5  # more that begin together are told in one
_MOST_LISTED = 20
_TITLE, _TEXT = 300, 4_000


@dataclass(frozen=True)
class IncidentSource:
    """Where incidents come from. `told` says whether people in the chat have heard of one.

    `page` is what addresses of incidents begin with, without a slash at the end; empty: no page.
    """

    incidents: Callable[[], Sequence[Incident]]
    is_announced: Callable[[Incident], bool]
    page: str = ""


class AlertSources:
    """Says of what people should be told elsewhere, and what of that is over."""

    def __init__(self, source: IncidentSource, rules: AlertRules) -> None:
        self._source = source
        self._rules = rules

    def reconfigure(self, rules: AlertRules) -> None:
        """Go by these rules from now on."""
        self._rules = rules

    def find_new(
        self, known: Sequence[AlertDelivery], now: datetime, down: datetime | None
    ) -> tuple[AlertDelivery, ...]:
        """Return what is not among what is `known`; `down`: since when the chat is."""
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
        """Return what says that it is over; `None`: it goes on, or nobody could tell.

        An incident that is not known any more, as before they are read, says nothing.
        """
        alert = delivery.alert
        if alert.id.startswith(_CHAT):
            gone = down is None or _build_outage(down, now).alert.id != alert.id
            return _build_resolution(alert, "The chat can be reached again.", now) if gone else None
        known = {each.id: each for each in self._source.incidents()}
        about = [known.get(each.partition(":")[0]) for each in delivery.covers]
        found = [each for each in about if each is not None]
        if len(found) < len(about) or not found:
            return None
        if any(each.open and build_cover_key(each) in delivery.covers for each in found):
            return None
        last = max(each.last_at for each in found)
        again = "It came back since. " if any(each.open for each in found) else ""
        return _build_resolution(alert, f"{again}Last seen {_format_time(last)}.", now)

    def _is_due(self, incident: Incident, now: datetime, down: datetime | None) -> bool:
        loud = LOUDNESS.index(incident.severity) >= LOUDNESS.index(self._rules.severity)
        if not (incident.open and loud) or incident.is_muted(now):
            return False
        if incident.rollback is not None:
            return False  # the alert of the roll-back itself told that
        if self._rules.when == "always":
            return True
        untold = not self._source.is_announced(incident)
        patience = timedelta(seconds=self._rules.down_seconds)
        return untold and (down is not None or now - get_start_time(incident) >= patience)

    def _build_single(self, incident: Incident, now: datetime) -> AlertDelivery:
        about = (incident.noticed and f"Noticed when {incident.noticed}.", _format_counts(incident))
        return _build_delivery(
            f"incident:{build_cover_key(incident)}",
            ("Again: " if incident.recurrences else "") + incident.title,
            " ".join(each for each in about if each),
            (incident,),
            now,
            url=f"{self._source.page}/incidents/{incident.id}" if self._source.page else "",
        )

    def _build_group(self, incidents: Sequence[Incident], now: datetime) -> AlertDelivery:
        listed = [f"- {each.title} ({_format_counts(each)})" for each in incidents[:_MOST_LISTED]]
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
    """Return what an alert about it covers: that it comes back is another matter."""
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
        text=f"I have not been able to connect to it, or to send a message, since "
        f"{_format_time(down)}. I go on trying; nothing that was to be said there is lost.",
        since=down,
        at=now,
    )
    return AlertDelivery(alert=alert)


def _build_resolution(alert: Alert, text: str, now: datetime) -> Alert:
    since = f"It had begun {_format_time(alert.since)}."
    return alert.replace(state="resolved", text=f"{text} {since}", at=now)


def _format_counts(incident: Incident) -> str:
    people = (
        f", {format_people_count(len(incident.affected))} affected" if incident.affected else ""
    )
    return f"{format_times(incident.count)} since {_format_time(incident.since)}{people}"


def _format_time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

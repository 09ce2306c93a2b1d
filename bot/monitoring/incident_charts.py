"""Draws the charts of open incidents in the background."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.detection import Detector
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.charts import ChartLine, Mark, Point, TimeChart
from bot.domain.incident import Incident
from bot.domain.posts import Image
from bot.monitoring.incident_repository import IncidentRepository
from bot.periodic import run_periodically
from bot.ports.charts import Charts
from bot.ports.clock import Clock

_SLOT = timedelta(minutes=5)  # the resolution of the detector's history
_FEW = 3  # fewer points are drawn as bars

TURN_SECONDS = 2.0
_PACE = timedelta(seconds=30)  # between two drawings of one incident
Sketch = Callable[[Incident], TimeChart | None]
"""Returns the current chart of an incident; `None` if it has no data."""


def chart_of(incident: Incident, detector: Detector) -> TimeChart | None:
    """Return the chart of the incident's error rate, or else of its newest anomaly."""
    if not incident.anomalies:
        return None
    anomaly = max(incident.anomalies, key=lambda each: (each.rule is Rule.ERROR_RATE, each.at))
    scale, unit, threshold = _get_scale(anomaly)
    points = tuple(
        Point(at=each.at, value=round(each.value * scale, 3))
        for each in detector.build_series(anomaly.rule, anomaly.event, anomaly.fingerprint)
    )
    if not points:
        return None
    marks = _list_deploys(detector, points[0].at, points[-1].at + _SLOT)
    of_one_code = tuple(each for each in points if not _has_both(each, marks))
    line = anomaly.rule is not Rule.REPEATED_ERROR and len(of_one_code) >= _FEW
    return TimeChart(
        title=incident.full_title,
        unit=unit,
        lines=(ChartLine(name=incident.name, points=of_one_code if line else points),),
        threshold=threshold,
        marks=marks,
        shape="line" if line else "bars",
    )


def _has_both(point: Point, deploys: tuple[Mark, ...]) -> bool:
    """Return whether a point mixes code from before and after a deploy, so it describes neither."""
    return any(point.at < each.at < point.at + _SLOT for each in deploys)


def _get_scale(anomaly: Anomaly) -> tuple[float, str, float | None]:
    """Return the factor for values, the unit, and the threshold in that unit.

    A count has no threshold, because the rule counts over another window than a bar.
    """
    if anomaly.rule is Rule.ERROR_RATE:
        return 100.0, "%", 100.0 * anomaly.threshold
    if anomaly.rule is Rule.LATENCY:
        return 1.0, "ms", anomaly.threshold
    return 1.0, "in 5 min", None


def _list_deploys(detector: Detector, since: datetime, until: datetime) -> tuple[Mark, ...]:
    marks = (
        Mark(at=datetime.fromtimestamp(each.at, UTC), text=f"deploy {each.commit[:7]}")
        for each in detector.deploys
    )
    return tuple(mark for mark in marks if since <= mark.at <= until)


class IncidentCharts:
    """Stores the newest picture of each open incident.

    Drawing takes seconds, so no caller waits.
    """

    def __init__(
        self,
        incident_repository: IncidentRepository,
        charts: Charts | None,
        sketch: Sketch,
        clock: Clock,
    ) -> None:
        self._incident_repository = incident_repository
        self._charts = charts
        self._sketch = sketch
        self._clock = clock
        self._drawn: dict[str, tuple[datetime, TimeChart]] = {}
        self._images: dict[str, Image] = {}

    async def run_forever(self) -> None:
        """Draw changed charts one after the other, until cancelled."""
        if self._charts is not None:
            await run_periodically(self._draw_all, self._clock, TURN_SECONDS)

    async def _draw_all(self) -> None:
        for incident in self._incident_repository.open:
            await self.draw(incident)

    async def draw(self, incident: Incident) -> None:
        """Draw the incident's chart if it has one and it has changed."""
        now = self._clock.now()
        last = self._drawn.get(incident.id)
        if self._charts is None or incident.message is None:
            return
        if last is not None and now - last[0] < _PACE:
            return
        chart = self._sketch(incident)
        if chart is None or (last is not None and last[1] == chart):
            return
        self._drawn[incident.id] = (now, chart)
        png = await self._charts.draw(chart)
        if png is not None:
            self._images[incident.id] = Image(
                name=f"incident-{incident.id}.png", png=png, description=chart.title
            )

    def get_image(self, incident_id: str) -> Image | None:
        """Return the newest picture, if one was drawn."""
        return self._images.get(incident_id)

    def forget(self, incident_id: str) -> None:
        """Drop the picture of an incident that no message needs any more."""
        self._images.pop(incident_id, None)
        self._drawn.pop(incident_id, None)

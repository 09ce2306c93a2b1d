"""Draws the charts of open incidents, beside everything else."""

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

_SLOT = timedelta(minutes=5)  # what the detector keeps its history in
_FEW = 3  # points that make no line yet

TURN_SECONDS = 2.0
_PACE = timedelta(seconds=30)
Sketch = Callable[[Incident], TimeChart | None]
"""Returns what an incident's chart shows now; `None` where there is nothing to show."""


def chart_of(incident: Incident, detector: Detector) -> TimeChart | None:
    """Return the chart of its error rate, or else of what was noticed last, if it is remembered."""
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
        title=incident.title,
        unit=unit,
        lines=(ChartLine(name=incident.name, points=of_one_code if line else points),),
        threshold=threshold,
        marks=marks,
        shape="line" if line else "bars",
    )


def _has_both(point: Point, deploys: tuple[Mark, ...]) -> bool:
    """Whether a point is of the code before a deploy and of that after it: it is of neither."""
    return any(point.at < each.at < point.at + _SLOT for each in deploys)


def _get_scale(anomaly: Anomaly) -> tuple[float, str, float | None]:
    """Return by what to multiply, the unit that gives, and the threshold in it.

    There is none for a count: the rule counts over other minutes than a bar.
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
    """Keeps the newest picture of each open incident. Drawing takes seconds, so nobody waits."""

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
        """Draw what changed, one after the other, until cancelled."""
        if self._charts is not None:
            await run_periodically(self._draw_all, self._clock, TURN_SECONDS)

    async def _draw_all(self) -> None:
        for incident in self._incident_repository.open:
            await self.draw(incident)

    async def draw(self, incident: Incident) -> None:
        """Draw the incident's chart if it has one, and shows something else by now."""
        now = self._clock.get_time()
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
        """Let go of what nobody needs any more."""
        self._images.pop(incident_id, None)
        self._drawn.pop(incident_id, None)

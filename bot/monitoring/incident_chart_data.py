"""What an incident's chart shows: the share, the rate or the time, its threshold, deploys."""

from datetime import UTC, datetime, timedelta

from bot.detection import Detector
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.charts import ChartLine, Mark, Point, TimeChart
from bot.domain.incident import Incident
from bot.domain.thresholds import Thresholds
from bot.monitoring.fault_words import minutes_of

_SLOT = timedelta(minutes=5)  # what the detector keeps its history in
_FEW = 3  # points that make no line yet


def chart_of(incident: Incident, detector: Detector, thresholds: Thresholds) -> TimeChart | None:
    """Return the chart of its error rate, or else of what was noticed last, if it is remembered."""
    anomaly = max(incident.anomalies, key=lambda each: (each.rule is Rule.ERROR_RATE, each.at))
    scale, unit, threshold = _scale(anomaly, thresholds)
    points = tuple(
        Point(at=each.at, value=round(each.value * scale, 3))
        for each in detector.series(anomaly.rule, anomaly.event, anomaly.fingerprint)
    )
    if not points:
        return None
    return TimeChart(
        title=incident.title,
        unit=unit,
        lines=(ChartLine(name=incident.name, points=points),),
        threshold=threshold,
        marks=_deploys(detector, points[0].at, points[-1].at + _SLOT),
        shape="bars" if anomaly.rule is Rule.REPEATED_ERROR or len(points) < _FEW else "line",
    )


def _scale(anomaly: Anomaly, thresholds: Thresholds) -> tuple[float, str, float]:
    """Return by what to multiply, the unit that gives, and the threshold in it."""
    if anomaly.rule is Rule.ERROR_RATE:
        return 100.0, "%", 100.0 * anomaly.threshold
    if anomaly.rule is Rule.LATENCY:
        return 1.0, "ms", anomaly.threshold
    per_minute = anomaly.threshold / minutes_of(thresholds, anomaly)
    return timedelta(minutes=1) / _SLOT, "per minute", per_minute


def _deploys(detector: Detector, since: datetime, until: datetime) -> tuple[Mark, ...]:
    marks = (
        Mark(at=datetime.fromtimestamp(each.at, UTC), text=f"deploy {each.commit[:7]}")
        for each in detector.deploys
    )
    return tuple(mark for mark in marks if since <= mark.at <= until)

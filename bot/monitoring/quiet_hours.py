"""Quiet hours: by the clock on the wall of one place, over midnight and summer time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.incident import Incident, Severity
from bot.domain.monitoring_config import QuietHours


def is_quiet(hours: QuietHours | None, at: datetime) -> bool:
    """Whether that moment is within the quiet hours; from a time to the same time is all day."""
    if hours is None:
        return False
    wall = at.astimezone(ZoneInfo(hours.timezone)).time()
    if hours.start < hours.end:
        return hours.start <= wall < hours.end
    return wall >= hours.start or wall < hours.end


def may_wait(incident: Incident) -> bool:
    """Whether it is told after the quiet hours only."""
    return incident.severity is not Severity.HIGH

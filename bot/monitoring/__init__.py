"""Noticing by itself: follows the journal, opens incidents, tells people, starts runs."""

from bot.monitoring._joining import Asked
from bot.monitoring._monitoring import Monitoring, MonitoringDoors, MonitoringRules

__all__ = ["Asked", "Monitoring", "MonitoringDoors", "MonitoringRules"]

"""Noticing by itself: follows the journal, opens incidents, tells people, starts runs."""

from bot.monitoring._joining import Asked
from bot.monitoring._monitoring import Monitoring, MonitoringDoors, MonitoringRules
from bot.monitoring._self_audit import SelfAudit
from bot.monitoring._self_audit_looking import AuditDoors

__all__ = [
    "Asked",
    "AuditDoors",
    "Monitoring",
    "MonitoringDoors",
    "MonitoringRules",
    "SelfAudit",
]

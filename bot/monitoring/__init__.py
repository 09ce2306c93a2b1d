"""Monitoring: follows the journal, opens incidents, notifies people and starts runs."""

from bot.monitoring.scheduled_backups import ScheduledBackups
from bot.monitoring.self_audit import SelfAudit
from bot.monitoring.self_audit_activity import AuditSources
from bot.monitoring.self_audit_coverage import CoverageSource
from bot.monitoring.service import Monitoring, MonitoringRules, MonitoringServices
from bot.monitoring.storage_watch import StorageWatch

__all__ = [
    "AuditSources",
    "CoverageSource",
    "Monitoring",
    "MonitoringRules",
    "MonitoringServices",
    "ScheduledBackups",
    "SelfAudit",
    "StorageWatch",
]

"""Monitoring: follows the journal, opens incidents, notifies people and starts runs."""

from bot.monitoring.issue_intake import IssueIntake, IssueRules
from bot.monitoring.report_intake import IntakeResult
from bot.monitoring.scheduled_backups import ScheduledBackups
from bot.monitoring.self_audit import SelfAudit
from bot.monitoring.self_audit_activity import AuditSources
from bot.monitoring.self_audit_coverage import CoverageSource
from bot.monitoring.service import Monitoring, MonitoringRules, MonitoringServices
from bot.monitoring.storage_watch import StorageWatch

__all__ = [
    "AuditSources",
    "CoverageSource",
    "IntakeResult",
    "IssueIntake",
    "IssueRules",
    "Monitoring",
    "MonitoringRules",
    "MonitoringServices",
    "ScheduledBackups",
    "SelfAudit",
    "StorageWatch",
]

"""Applies settings that need no restart to the parts that use them.

A section is listed here only if it cannot give anyone more rights. The lists of people, the
sandbox, the forge, addresses and files therefore need a restart. `autonomy` can only be lowered
without a restart, never raised above its level at the start.
"""

from collections.abc import Mapping
from typing import Any

from theseus_guard.record import Record

from bot.authority.autonomy_gate import AutonomyPolicy
from bot.budget.enforcement import BudgetEnforcer
from bot.client import ConversationSettings
from bot.hot_reload.settings_loader import Apply
from bot.monitoring import Monitoring, ScheduledBackups, SelfAudit
from bot.monitoring.alert_dispatcher import AlertDispatcher
from bot.settings import Config


def build_live_settings(
    started: Config,
    budget: BudgetEnforcer,
    conversations: ConversationSettings,
    autonomy: AutonomyPolicy,
    monitoring: Monitoring,
    audit: SelfAudit,
    backups: ScheduledBackups,
    alerts: AlertDispatcher | None,
) -> Mapping[str, Apply]:
    """Return the sections that count at once, each with what applies it.

    `started` is the configuration at the start. `alerts` is `None` without alert channels.
    """

    def apply_own_work(config: Config) -> Mapping[str, Record]:
        """Apply the settings of the bot's own work, and return the effective value of each."""
        levels = autonomy.reconfigure(config.autonomy)
        return {
            "autonomy": levels,
            "detection": config.detection,
            "incidents": monitoring.reconfigure(config.detection, config.incidents, levels),
            "self_audit": audit.reconfigure(config.self_audit, levels),
        }

    def build_section_apply(section: str) -> Apply:
        return lambda config: apply_own_work(config)[section]

    live: dict[str, Apply] = {
        "budget": lambda config: budget.reconfigure(config.budget),
        "missed": lambda config: conversations.reconfigure(config.missed),
        "backup": lambda config: backups.reconfigure(config.backup),
    }
    sections = ("detection", "incidents", "autonomy", "self_audit")
    live |= {name: build_section_apply(name) for name in sections}
    if alerts is not None:

        def apply_alerts(config: Any) -> Record:
            alerts.reconfigure(config.alerts)
            own = started.alerts
            rules: Record = config.alerts.but(webhook=own.webhook, email=own.email)
            return rules

        live["alerts"] = apply_alerts
    return live

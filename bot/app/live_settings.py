"""Applies settings that need no restart to the parts that use them.

A section is listed here only if it cannot give anyone more rights. The lists of people, the
sandbox, the forge, addresses and files therefore need a restart. `autonomy` can only be lowered
without a restart, never raised above its level at the start.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from bot.app.resources import Resources
from bot.client import TheseusClient
from bot.domain.record import Record
from bot.hot_reload.settings_loader import Apply
from bot.monitoring import Monitoring, ScheduledBackups, SelfAudit
from bot.monitoring.alert_dispatcher import AlertDispatcher
from bot.self_improvement import SelfImprovementAgent
from bot.settings import Config


class SettingsFollowers(NamedTuple):
    """The parts that follow changes of the settings. `alerts` is `None` without alert channels."""

    opened: Resources
    client: TheseusClient
    agent: SelfImprovementAgent
    monitoring: Monitoring
    audit: SelfAudit
    backups: ScheduledBackups
    alerts: AlertDispatcher | None


def build_live_settings(started: Config, followers: SettingsFollowers) -> Mapping[str, Apply]:
    """Return the sections that count at once, each with what applies it."""
    opened, client, alerts = followers.opened, followers.client, followers.alerts

    def apply_budget(config: Any) -> Record:
        opened.budget.rules = config.budget
        return opened.budget.rules

    def apply_missed(config: Any) -> Record:
        client.missed = config.missed
        return client.missed

    def apply_backup(config: Any) -> Record:
        return followers.backups.reconfigure(config.backup)

    def build_monitoring_apply(section: str) -> Apply:
        return lambda config: _reconfigure_monitoring(config, followers)[section]

    live: dict[str, Apply] = {
        "budget": apply_budget,
        "missed": apply_missed,
        "backup": apply_backup,
    }
    live |= {
        name: build_monitoring_apply(name)
        for name in ("detection", "incidents", "autonomy", "self_audit")
    }
    if alerts is not None:

        def apply_alerts(config: Any) -> Record:
            alerts.reconfigure(config.alerts)
            own = started.alerts
            rules: Record = config.alerts.but(webhook=own.webhook, email=own.email)
            return rules

        live["alerts"] = apply_alerts
    return live


def _reconfigure_monitoring(config: Config, followers: SettingsFollowers) -> Mapping[str, Record]:
    """Apply the settings of the bot's own work, and return the effective value of each section."""
    autonomy = followers.agent.autonomy.reconfigure(config.autonomy)
    return {
        "autonomy": autonomy,
        "detection": config.detection,
        "incidents": followers.monitoring.reconfigure(config.detection, config.incidents, autonomy),
        "self_audit": followers.audit.reconfigure(config.self_audit, autonomy),
    }

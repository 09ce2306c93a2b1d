"""The only reader of the environment, `.env` and `data/config.yaml`."""

from bot.settings._config import Config, checks_from, config_from, thresholds_from
from bot.settings._environment import Environment, read_environment
from bot.settings._load import Settings, load
from bot.settings._noticing import (
    IncidentsConfig,
    MissedConfig,
    QuietHours,
    SelfAuditConfig,
    Storm,
)

__all__ = [
    "Config",
    "Environment",
    "IncidentsConfig",
    "MissedConfig",
    "QuietHours",
    "SelfAuditConfig",
    "Settings",
    "Storm",
    "checks_from",
    "config_from",
    "load",
    "read_environment",
    "thresholds_from",
]

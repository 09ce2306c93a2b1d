"""The only reader of the environment, `.env` and `data/config.yaml`."""

from bot.settings._config import Config, checks_from, config_from, protection_from
from bot.settings._environment import Environment, read_environment
from bot.settings._load import Settings, load
from bot.settings._noticing import IncidentsConfig, QuietHours, Storm

__all__ = [
    "Config",
    "Environment",
    "IncidentsConfig",
    "QuietHours",
    "Settings",
    "Storm",
    "checks_from",
    "config_from",
    "load",
    "protection_from",
    "read_environment",
]

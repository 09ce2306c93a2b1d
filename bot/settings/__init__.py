"""The only reader of the environment, `.env` and `data/config.yaml`."""

from bot.settings._autonomy_and_chat import MissedConfig
from bot.settings._config import (
    Config,
    checks_from,
    config_from,
    protection_from,
    thresholds_from,
)
from bot.settings._environment import Environment, read_environment
from bot.settings._load import Settings, load
from bot.settings._secrecy import SECRETS, forget_secrets

__all__ = [
    "SECRETS",
    "Config",
    "Environment",
    "MissedConfig",
    "Settings",
    "checks_from",
    "config_from",
    "forget_secrets",
    "load",
    "protection_from",
    "read_environment",
    "thresholds_from",
]

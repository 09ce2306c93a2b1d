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
from bot.settings._load import Settings, load, provide_cog_variables, required_token
from bot.settings._secrecy import SECRETS, forget_secrets
from bot.settings._secret_registration import guard_secrets, settings_here

__all__ = [
    "SECRETS",
    "Config",
    "Environment",
    "MissedConfig",
    "Settings",
    "checks_from",
    "config_from",
    "forget_secrets",
    "guard_secrets",
    "load",
    "protection_from",
    "provide_cog_variables",
    "read_environment",
    "required_token",
    "settings_here",
    "thresholds_from",
]

"""The only reader of the environment, `.env` and `data/config.yaml`."""

from bot.settings._autonomy_and_chat import MissedConfig
from bot.settings._config import (
    Config,
    parse_checks,
    parse_config,
    parse_protection,
    parse_thresholds,
)
from bot.settings._environment import Environment, read_environment
from bot.settings._load import Settings, get_required_token, load, provide_cog_variables
from bot.settings._observe_tokens import read_observe_tokens
from bot.settings._secrecy import SECRETS, forget_secrets
from bot.settings._secret_registration import guard_secrets, load_settings
from bot.settings._tool_secrets import read_tool_secrets
from bot.settings._work import ArtefactPlace
from bot.settings._worker_secrets import (
    WORKER_SECRETS,
    StoreKeys,
    get_store_keys,
    read_worker_secrets,
    read_worker_tokens,
)

__all__ = [
    "SECRETS",
    "WORKER_SECRETS",
    "ArtefactPlace",
    "Config",
    "Environment",
    "MissedConfig",
    "Settings",
    "StoreKeys",
    "forget_secrets",
    "get_required_token",
    "get_store_keys",
    "guard_secrets",
    "load",
    "load_settings",
    "parse_checks",
    "parse_config",
    "parse_protection",
    "parse_thresholds",
    "provide_cog_variables",
    "read_environment",
    "read_observe_tokens",
    "read_tool_secrets",
    "read_worker_secrets",
    "read_worker_tokens",
]

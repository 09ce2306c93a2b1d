"""Which engine writes changes."""

from bot.adapters.offline_agent import OfflineAgent
from bot.domain.errors import ConfigError
from bot.ports.agent import CodeAgent
from bot.ports.clock import Clock
from bot.ports.sandbox import Sandbox
from bot.settings import Settings


def engine(settings: Settings, sandbox: Sandbox, clock: Clock) -> CodeAgent:
    """Return the configured engine. Raises `ConfigError` for one that is not there."""
    if settings.config.engine.name == "claude":
        raise ConfigError(
            f"{settings.config_file}: engine.name: the claude engine is not built yet; use `auto` "
            "or `offline`."
        )
    return OfflineAgent(sandbox, clock)

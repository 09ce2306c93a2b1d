"""The stores of the bot's folder, for commands that work without a running bot."""

from bot.app.state_stores import StateStores
from bot.settings import load_settings


def find_stores() -> StateStores:
    """Return the stores, not open yet. Raises `ConfigError`."""
    settings = load_settings()
    return StateStores.find(settings.state, settings.environment)

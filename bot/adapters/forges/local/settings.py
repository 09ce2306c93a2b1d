"""What the local forge is made of, read from the bot's settings."""

from pathlib import Path

from bot.adapters.forges.local.forge import LocalForge
from bot.domain.errors import ConfigError
from bot.ports.clock import Clock
from bot.settings import Settings


async def open_forge(settings: Settings, clock: Clock) -> LocalForge:
    """Return the forge, not entered yet; create its repository first. Raises `ConfigError`."""
    config, bare = settings.config.forge, get_folder(settings)
    if config.path is None:
        await LocalForge.create_repository(bare, settings.root, branch=config.branch)
    elif not bare.exists():
        raise ConfigError(
            f"{settings.config_file}: forge.path: {bare} does not exist; make it with "
            f"`git clone --bare {settings.root} {bare}`."
        )
    return LocalForge(bare, settings.state / "forge.sqlite3", clock, config.url)


def get_folder(settings: Settings) -> Path:
    """Return the folder of the repository."""
    path = settings.config.forge.path
    return settings.root / path if path else settings.state / "forge.git"


def is_created(settings: Settings) -> bool:
    """Return whether the repository exists, or has to be made by a person."""
    return settings.config.forge.path is not None or get_folder(settings).exists()

"""Everything that was set, from everywhere it may be set."""

from collections.abc import Mapping, MutableMapping
from pathlib import Path

from pydantic import SecretStr
from theseus_guard.record import Record

from bot.domain.errors import ConfigError
from bot.settings._config import Config, parse_config
from bot.settings._environment import Environment, read_cog_variables, read_environment


class Settings(Record):
    """The environment and the configuration file, with paths made absolute under `root`."""

    root: Path
    environment: Environment
    config: Config
    config_file: Path
    state: Path
    cog_variables: Mapping[str, SecretStr] = {}


def load(root: Path, variables: Mapping[str, str]) -> Settings:
    """Read `.env` and the configuration file under `root`. Raises `ConfigError`."""
    environment = read_environment(variables, root / ".env")
    config_file = root / environment.theseus_config.expanduser()
    try:
        text = config_file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        if not (root / "cogs").is_dir() and not config_file.exists():
            raise ConfigError(
                f"There is no {config_file} (THESEUS_CONFIG names another), and there are no cogs: "
                f"{root} is no checkout of a bot. Go to yours, or make one: theseus new bot DIR"
            ) from error
        raise ConfigError(
            f"{config_file} cannot be read ({error}); set THESEUS_CONFIG to your configuration "
            "file, or restore data/config.yaml."
        ) from error
    return Settings(
        root=root,
        environment=environment,
        config=parse_config(text, str(environment.theseus_config)),
        config_file=config_file,
        state=root / environment.theseus_state.expanduser(),
        cog_variables=read_cog_variables(variables, root / ".env"),
    )


def provide_cog_variables(settings: Settings, variables: MutableMapping[str, str]) -> None:
    """Put the cogs' own keys of `.env` where cogs look for them: in the process's environment."""
    for name, value in settings.cog_variables.items():
        variables.setdefault(name, value.get_secret_value())


def get_required_token(settings: Settings) -> str:
    """Return the token the bot logs in with. Raises `ConfigError` where none is set."""
    token = settings.environment.discord_token
    if token is None:
        raise ConfigError(
            f"DISCORD_TOKEN is not set. Put it in {settings.root / '.env'} (see .env.example), or "
            "try `make demo`, which needs none."
        )
    return token.get_secret_value()

"""The secrets of MCP servers: `SERVER.NAME=VALUE`, one a line or with commas between them."""

from collections.abc import Mapping

from bot.domain.errors import ConfigError
from bot.settings._load import Settings

_NAME = "THESEUS_TOOL_SECRETS"


def split_tool_secrets(text: str) -> tuple[tuple[str, str, str], ...]:
    """Return server, name and value of each part, unchecked; what is missing is empty."""
    found = []
    for part in (each.strip() for each in text.split(",")):
        if part:
            whole, _, value = part.partition("=")
            server, _, name = whole.partition(".")
            found.append((server.strip(), name.strip(), value.strip()))
    return tuple(found)


def read_tool_secrets(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """Return the values by server and name. Raises `ConfigError`, which shows no value."""
    secret = settings.environment.theseus_tool_secrets
    if secret is None:
        return {}
    servers = {each.name: each for each in settings.config.tools}
    values: dict[str, dict[str, str]] = {}
    for number, (server, name, value) in enumerate(
        split_tool_secrets(secret.get_secret_value()), 1
    ):
        entry = servers.get(server)
        if entry is None or name not in entry.secrets or not value:
            wanted = [f"{each.name}.{key}" for each in servers.values() for key in each.secrets]
            known = ", ".join(wanted) or "none yet: list them under tools: … secrets"
            raise ConfigError(
                f"{_NAME}: part {number} is not SERVER.NAME=VALUE of a secret that a server under "
                f"tools: in {settings.config_file} lists. Known: {known}. A value has no comma."
            )
        if name in values.setdefault(server, {}):
            raise ConfigError(f"{_NAME}: {server}.{name} has two values; keep one.")
        values[server][name] = value
    return values

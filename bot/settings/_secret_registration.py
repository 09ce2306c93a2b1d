"""What the bot was configured with is taken out of everything it says, in whatever form."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr
from theseus_observe.redaction import forget_secret, register_secret

from bot.settings._environment import Environment
from bot.settings._load import Settings, load
from bot.settings._observe_tokens import split_observe_tokens
from bot.settings._secrecy import forget_secrets
from bot.settings._tool_secrets import split_tool_secrets
from bot.settings._worker_secrets import split_worker_tokens


def guard_secrets(settings: Settings) -> Callable[[], None]:
    """Register every configured secret with the redactor; return what forgets them again.

    Those are the secrets of the environment and `.env`, the keys of cogs there, and the
    forge's private key, line by line.
    Values under eight characters cannot be guarded: they would stand in ordinary words.
    """
    guarded = [value for name, value in _iterate_secrets(settings) if register_secret(name, value)]

    def forget() -> None:
        for value in guarded:
            forget_secret(value)

    return forget


def _iterate_secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    environment = settings.environment
    for name in type(environment).model_fields:
        value = getattr(environment, name)
        if isinstance(value, SecretStr):
            yield name, value.get_secret_value()
    yield from _iterate_tokens(environment)
    if (values := environment.theseus_tool_secrets) is not None:
        for server, name, value in split_tool_secrets(values.get_secret_value()):
            yield f"secret {name} of the server {server}", value
    if environment.theseus_state_url is not None:
        password = urlsplit(environment.theseus_state_url.get_secret_value()).password
        yield "theseus_state_url password", unquote(password or "")
    for name, secret in settings.cog_variables.items():
        yield name.lower(), secret.get_secret_value()
    for file in settings.config.forge.key_files:
        yield from _iterate_key_lines(settings.root / file.expanduser())


def _iterate_tokens(environment: Environment) -> Iterator[tuple[str, str]]:
    """Yield each token of the settings that hold several."""
    if (tokens := environment.theseus_observe_tokens) is not None:
        for target, token in split_observe_tokens(tokens.get_secret_value()):
            yield f"observe token of {target or 'a target'}", token
    if (tokens := environment.theseus_worker_tokens) is not None:
        for group, token in split_worker_tokens(tokens.get_secret_value()):
            yield f"worker token of {group or 'a group'}", token


def _iterate_key_lines(file: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return  # the user of the key reports what is wrong with it
    for line in lines.splitlines():
        if len(line) > 20 and not line.startswith("-----"):
            yield "forge_key", line


def load_settings() -> Settings:
    """Return the settings of the present folder; from now on their secrets are known as such."""
    settings = load(Path.cwd(), os.environ)
    guard_secrets(settings)
    forget_secrets(os.environ)
    return settings

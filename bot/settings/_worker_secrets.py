"""The secrets that workers need: the bot has the tokens of all groups, a worker that of its own."""

import re
from collections.abc import Mapping

from pydantic import SecretStr
from theseus_guard.record import Record

from bot.domain.errors import ConfigError
from bot.settings._load import Settings

_NAME = "THESEUS_WORKER_TOKENS"
_GROUP = re.compile(r"[a-z][a-z0-9-]{0,31}")
_LEAST_CHARS = 32
_GOOD = "`openssl rand -hex 32` makes a good token"


def split_worker_tokens(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of group and token, unchecked; a part without a name has an empty one."""
    pairs = (part.strip().partition("=") for part in text.split(",") if part.strip())
    return tuple(
        (name.strip(), token.strip()) if mark else ("", name.strip()) for name, mark, token in pairs
    )


def read_worker_tokens(settings: Settings) -> Mapping[str, str]:
    """Return the token of each group of workers: two groups at least. Raises `ConfigError`.

    No message shows a token, and none shows what could be one.
    """
    secret = settings.environment.theseus_worker_tokens
    pairs = split_worker_tokens(secret.get_secret_value()) if secret is not None else ()
    tokens: dict[str, str] = {}
    for number, (name, token) in enumerate(pairs, 1):
        check_group_token(f"{_NAME}: part {number}", name, token)
        if name in tokens or token in tokens.values():
            raise ConfigError(f"{_NAME}: part {number} has the name or token of another; {_GOOD}.")
        tokens[name] = token
    if len(tokens) < 2:
        raise ConfigError(
            f"work.queue: temporal needs the tokens of two groups of workers in {_NAME} "
            "(first=TOKEN,second=TOKEN): a result counts only if workers of two groups agree "
            f"(docs/workers.md). {_GOOD}."
        )
    return tokens


def check_group_token(where: str, name: str, token: str) -> None:
    """Raise `ConfigError` if a group's name or token cannot be used."""
    if not _GROUP.fullmatch(name):
        raise ConfigError(
            f"{where} does not begin with a group and `=`: a group is up to 32 lower-case letters, "
            "digits and hyphens."
        )
    if len(token) < _LEAST_CHARS:
        raise ConfigError(
            f"{where}: the token is too short to be safe: it needs {_LEAST_CHARS} characters; "
            f"{_GOOD}."
        )


class StoreKeys(Record):
    """The account at the S3-compatible store of artefacts."""

    access_key: SecretStr
    secret_key: SecretStr


def get_store_keys(settings: Settings) -> StoreKeys | None:
    """Return the bot's account at the store of artefacts, if it has one."""
    environment = settings.environment
    return _pair(environment.theseus_artefacts_access_key, environment.theseus_artefacts_secret_key)


def _pair(access_key: SecretStr | None, secret_key: SecretStr | None) -> StoreKeys | None:
    if access_key is None or secret_key is None:
        return None
    return StoreKeys(access_key=access_key, secret_key=secret_key)


class WorkerSecrets(Record):
    """What a worker needs to know: the token of its group, and the servers' keys if they have any.

    `store` is an account that may use the bucket of artefacts alone.
    """

    token: SecretStr
    api_key: SecretStr | None = None
    store: StoreKeys | None = None


WORKER_SECRETS = (
    "THESEUS_WORKER_TOKEN", "THESEUS_TEMPORAL_API_KEY", "THESEUS_ARTEFACTS_ACCESS_KEY",
    "THESEUS_ARTEFACTS_SECRET_KEY",
)  # fmt: skip
"""The variables that they are read from."""


_KEYS = (
    "DISCORD_TOKEN", "ANTHROPIC_API_KEY", "GITHUB_TOKEN", "FORGEJO_TOKEN", _NAME,
)  # fmt: skip


def read_worker_secrets(variables: Mapping[str, str], group: str) -> WorkerSecrets:
    """Return a worker's secrets from its environment. Raises `ConfigError`.

    A worker runs other people's code, so it refuses to start next to the bot's own keys.
    """
    for name in _KEYS:
        if variables.get(name):
            raise ConfigError(
                f"{name} is set. A worker must not have the bot's keys: start it without it "
                f"(env -u {name} theseus worker ...)."
            )
    found = {name: SecretStr(value) for name in WORKER_SECRETS if (value := variables.get(name))}
    token = found.get("THESEUS_WORKER_TOKEN", SecretStr(""))
    check_group_token(f"THESEUS_WORKER_TOKEN for --group {group}", group, token.get_secret_value())
    return WorkerSecrets(
        token=token,
        api_key=found.get("THESEUS_TEMPORAL_API_KEY"),
        store=_pair(
            found.get("THESEUS_ARTEFACTS_ACCESS_KEY"), found.get("THESEUS_ARTEFACTS_SECRET_KEY")
        ),
    )

"""The tokens with which targets send their journals: `NAME=TOKEN`, with commas between them."""

from collections.abc import Mapping

from bot.domain.errors import ConfigError
from bot.settings._load import Settings

_LEAST_CHARS = 16
_NAME = "THESEUS_OBSERVE_TOKENS"
_GOOD = "`openssl rand -hex 32` makes a good token"


def split_observe_tokens(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of name and token, unchecked; a part without a name has an empty one."""
    pairs = (part.strip().rpartition("=") for part in text.split(",") if part.strip())
    return tuple((name.strip(), token.strip()) for name, _, token in pairs)


def read_observe_tokens(settings: Settings) -> Mapping[str, str]:
    """Return the token of each target that may send its journal. Raises `ConfigError`.

    No message shows a token, and none shows what could be one.
    """
    secret = settings.environment.theseus_observe_tokens
    if secret is None:
        return {}
    known = {each.name for each in settings.config.targets}
    tokens: dict[str, str] = {}
    for number, (name, token) in enumerate(split_observe_tokens(secret.get_secret_value()), 1):
        if name not in known:
            names = ", ".join(sorted(known)) or "there are none yet (`theseus adopt` adds one)"
            raise ConfigError(
                f"{_NAME}: part {number} does not begin with the name of a target and `=`. "
                f"Targets: {names}."
            )
        if name in tokens:
            raise ConfigError(f"{_NAME}: {name} has two tokens; keep one.")
        if len(token) < _LEAST_CHARS:
            raise ConfigError(
                f"{_NAME}: the token of {name} is too short to be safe: it needs at least "
                f"{_LEAST_CHARS} characters; {_GOOD}."
            )
        if token in tokens.values():
            raise ConfigError(f"{_NAME}: {name} has the token of another target; {_GOOD}.")
        tokens[name] = token
    return tokens

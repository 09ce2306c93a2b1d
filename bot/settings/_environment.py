"""The environment and `.env`: secrets and addresses."""

import difflib
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from dotenv.parser import Binding, parse_stream
from pydantic import AnyHttpUrl, AnyUrl, BeforeValidator, Field, SecretStr, ValidationError
from theseus_guard.record import Record

from bot.domain.errors import ConfigError


def _drop_blank(value: object) -> object:
    return None if value == "" else value


Secret = Annotated[SecretStr | None, BeforeValidator(_drop_blank)]
Web = Annotated[AnyHttpUrl | None, BeforeValidator(_drop_blank)]
Socket = Annotated[AnyUrl | None, BeforeValidator(_drop_blank)]


class Environment(Record):
    """Settings that differ between machines. Names are the variables', in lower case."""

    discord_token: Secret = None
    anthropic_api_key: Secret = None
    anthropic_base_url: Web = None
    github_token: Secret = None
    forgejo_token: Secret = None
    theseus_discord_api_url: Web = None
    theseus_discord_gateway_url: Socket = None
    theseus_github_api_url: Web = None
    theseus_config: Path = Path("data/config.yaml")
    theseus_state: Path = Path("data/state")
    theseus_state_url: Secret = None
    theseus_shared: Path | None = None
    theseus_http_port: int | None = Field(default=None, ge=0, le=65535)
    theseus_http_token: Secret = None
    theseus_discord_client_secret: Secret = None
    theseus_webhook_secret: Secret = None
    theseus_observe_tokens: Secret = None
    theseus_worker_tokens: Secret = None
    theseus_temporal_api_key: Secret = None
    theseus_artefacts_access_key: Secret = None
    theseus_artefacts_secret_key: Secret = None
    theseus_tool_secrets: Secret = None
    theseus_alert_webhook_url: Secret = None
    theseus_alert_webhook_secret: Secret = None
    theseus_alert_smtp_password: Secret = None
    theseus_voice_url: Web = None
    theseus_voice_key: Secret = None
    theseus_brave_key: Secret = None
    theseus_tavily_key: Secret = None
    theseus_searxng_url: Web = None
    theseus_cog_prefixes: str = ""


_QUOTE = "quote values that hold spaces or quotes, or start the line with # for a comment."
KNOWN = {name.upper(): name for name in Environment.model_fields}
_PREFIX = "THESEUS_"
COG_PREFIXES = "THESEUS_COG_PREFIXES"
_COG_PREFIX = re.compile(r"[A-Z][A-Z0-9_]*_")
# Variables of programs that the bot starts, or of its tests: these are no settings.
_CARRIED = frozenset(
    _PREFIX + name
    for name in (
        "CHANGED", "COMMIT", "CONFINED", "DISCORD_OPENAPI", "ENCLOSED", "LIFELINE",
        "OBSERVE_TRAFFIC", "PASS", "PYTHONPATH", "REPAIR", "SUPERVISOR", "TARGET",
        "TESTS_STARTED", "WITNESS", "WORKER_TOKEN",
    )
)  # fmt: skip


def _suggest_key(key: str) -> str:
    near = difflib.get_close_matches(key, KNOWN, n=1, cutoff=0.8)
    return f"did you mean {near[0]}?" if near else "known keys: " + ", ".join(sorted(KNOWN))


def _parse_prefixes(text: str, where: str) -> tuple[str, ...]:
    """Return the declared prefixes of cogs' own keys. Raises `ConfigError`."""
    prefixes = tuple(each.strip() for each in text.split(",") if each.strip())
    for prefix in prefixes:
        if not _COG_PREFIX.fullmatch(prefix):
            raise ConfigError(
                f"{where}: {COG_PREFIXES}: {prefix} is no prefix; it is of capital letters, digits "
                "and _, and ends with _, such as WEATHER_. Commas separate several."
            )
        own = next((key for key in sorted(KNOWN) if key.startswith(prefix)), None)
        if own is not None or prefix.startswith(_PREFIX):
            raise ConfigError(
                f"{where}: {COG_PREFIXES}: {prefix} is also the start of the bot's own key "
                f"{own or _PREFIX}; choose another prefix."
            )
    return prefixes


def _get_line(binding: Binding) -> int:
    """Return the line of the key: the parser counts from the blank lines before it."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return binding.original.line + blank.count("\n")


def _mask_line(binding: Binding) -> str:
    """Return the start of a line that is certainly no part of a secret."""
    name = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", binding.original.string)
    return f"{name[1]}=..." if name and name[1] in KNOWN else "this"


def _check_binding(
    binding: Binding, file: Path, prefixes: tuple[str, ...]
) -> tuple[str, str] | None:
    line = _get_line(binding)
    if binding.error:
        raise ConfigError(f"{file}, line {line}: {_mask_line(binding)} is not KEY=value; {_QUOTE}")
    if binding.key is None:
        return None
    if binding.key not in KNOWN and not binding.key.startswith(prefixes):
        raise ConfigError(
            f"{file}, line {line}: unknown key {binding.key}; {_suggest_key(binding.key)} "
            f"A key of a cog needs a declared prefix: {COG_PREFIXES}={_suggest_prefix(binding.key)}"
        )
    if binding.value is None:
        raise ConfigError(f"{file}, line {line}: {binding.key} has no = and no value; {_QUOTE}")
    return binding.key, binding.value


def _suggest_prefix(key: str) -> str:
    first = re.match(r"[A-Z][A-Z0-9]*_", key)
    return first[0] if first and not first[0].startswith(_PREFIX) else "WEATHER_"


def _read_dotenv(file: Path, variables: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return key -> (value, where) of a `.env` file; a missing file is empty.

    Keys that begin as `THESEUS_COG_PREFIXES` declares, anywhere in the file, are those of cogs.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file} cannot be read ({error}); mend it, or move it away (.env.example shows one)."
        ) from error
    found: dict[str, tuple[str, str]] = {}
    bindings = list(parse_stream(io.StringIO(text)))
    prefixes = _find_prefixes(bindings, file, variables)
    for binding in bindings:
        pair = _check_binding(binding, file, prefixes)
        if pair and pair[0] in found:
            raise ConfigError(
                f"{file}, line {_get_line(binding)}: {pair[0]} is set twice (first in "
                f"{found[pair[0]][1]}); keep one."
            )
        if pair:
            found[pair[0]] = (pair[1], f"{file}, line {_get_line(binding)}")
    return found


def _find_prefixes(
    bindings: Sequence[Binding], file: Path, variables: Mapping[str, str]
) -> tuple[str, ...]:
    if COG_PREFIXES in variables:
        return _parse_prefixes(variables[COG_PREFIXES], "the environment")
    for binding in bindings:
        if binding.key == COG_PREFIXES:
            return _parse_prefixes(binding.value or "", f"{file}, line {_get_line(binding)}")
    return ()


def read_cog_variables(variables: Mapping[str, str], dotenv: Path) -> dict[str, SecretStr]:
    """Return the keys of cogs, from the `.env` file and the process's environment, which wins.

    Raises `ConfigError` as `read_environment` does.
    """
    values = {key: value for key, (value, _) in _read_dotenv(dotenv, variables).items()}
    values.update(variables)
    prefixes = _parse_prefixes(values.get(COG_PREFIXES, ""), str(dotenv))
    return {
        key: SecretStr(value)
        for key, value in values.items()
        if prefixes and key not in KNOWN and key.startswith(prefixes)
    }


def read_environment(variables: Mapping[str, str], dotenv: Path) -> Environment:
    """Return the settings: `variables` (the process's environment) win over the `.env` file.

    Raises `ConfigError` naming the file and line, or the variable, and the key; also for a variable
    that begins as ours do and is none of them. Values are never shown: they may be secrets.
    """
    found = _read_dotenv(dotenv, variables)
    for name in sorted(variables.keys() - KNOWN.keys() - _CARRIED):
        if name.startswith(_PREFIX):
            raise ConfigError(f"the environment: unknown variable {name}; {_suggest_key(name)}")
    for key in KNOWN:
        if key in variables:
            found[key] = (variables[key], "the environment")
    try:
        return Environment.model_validate(
            {KNOWN[key]: found[key][0] for key in KNOWN if key in found and found[key][0] != ""}
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = str(first["loc"][0]).upper()
        where = found[key][1]
        raise ConfigError(f"{where}: {key} is wrong: {first['msg']}") from None

"""What Theseus takes from `theseus_observe`, as its own records and errors."""

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path

from theseus_observe import pseudonyms, records
from theseus_observe.failures import capsules
from theseus_observe.failures.literals import Redact

from bot.domain.errors import ConfigError
from bot.domain.journal import Capsule

HOSTS = frozenset({"bot.client", "bot.telemetry"})
"""Packages that host cogs: a failure that passes through them belongs to the cog."""

_OWN = Path(os.path.realpath(__file__)).parents[2]
COPY = _OWN if re.fullmatch(r"[0-9a-f]{40,64}", _OWN.name) else None
"""Under the supervisor, the code runs from a folder that is named by its commit."""

CORE = frozenset(
    {
        "bot",
        "local_discord",
        "theseus_guard",
        "theseus_observe",
        "theseus_rehearsal",
        "theseus_repair",
    }
)
"""Packages that are no cogs: what they do is never blamed on one."""


def build_capsule(
    error: BaseException,
    *,
    root: Path,
    redact: Redact,
    inputs: Mapping[str, object] | None = None,
) -> Capsule:
    """Return a redacted description of a failure, with size limits. It never raises."""
    found = capsules.build_capsule(
        error, root=root, redact=redact, inputs=inputs, hosts=HOSTS, copy=COPY
    )
    return convert_capsule(found)


def convert_capsule(capsule: records.Capsule) -> Capsule:
    """Return an observed failure as a record of the journal."""
    return Capsule.model_validate(dataclasses.asdict(capsule))


def load_secret(path: Path) -> bytes:
    """Return the secret of pseudonyms, which is made the first time. Raises `ConfigError`."""
    try:
        return pseudonyms.load_secret(path)
    except pseudonyms.SecretError as error:
        hint = "" if error.__cause__ is None or isinstance(error.__cause__, ValueError) else _HINT
        raise ConfigError(f"{error}{hint}") from error


_HINT = " Set THESEUS_STATE to a folder Theseus may write to."

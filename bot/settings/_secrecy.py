"""Secrets leave the environment once they are read: no program that is started finds them there."""

import ctypes
import sys
from collections.abc import MutableMapping
from typing import get_args

from pydantic import SecretStr

from bot.settings._environment import Environment

# Our own secrets, and others that would let a program use the model's provider directly.
SECRETS = frozenset(
    {
        name.upper()
        for name, field in Environment.model_fields.items()
        if SecretStr in get_args(field.annotation)
    }
    | {"ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"}
)


def forget_secrets(variables: MutableMapping[str, str]) -> None:
    """Take secrets out of this process's environment (`os.environ`), for all it starts from now on.

    Also out of what `/proc` tells of it: that is the memory the process was started with, which
    leaving a variable out does not change.
    """
    for name in SECRETS & variables.keys():
        _overwrite(name)
        del variables[name]


def _overwrite(name: str) -> None:
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_void_p
    place = library.getenv(name.encode())
    if place:
        ctypes.memset(place, 0, len(ctypes.string_at(place)))

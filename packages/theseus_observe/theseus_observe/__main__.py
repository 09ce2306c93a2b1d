"""Run a bot that is observed, without changing its files: `python -m theseus_observe bot.py`."""

from __future__ import annotations

import importlib.util
import runpy
import sys
from functools import wraps
from pathlib import Path
from typing import Any

import discord

from theseus_observe import attach

_USAGE = "usage: python -m theseus_observe [-m MODULE | FILE] [ARGUMENT ...]\n"


def main(arguments: list[str]) -> int:
    """Run a file or a module as the main program; its clients are observed from their login on."""
    is_module = arguments[:1] == ["-m"]
    rest = arguments[1:] if is_module else arguments
    if not rest or rest[0].startswith("-"):
        sys.stderr.write(_USAGE)
        return 2
    if not is_module and not Path(rest[0]).is_file():
        sys.stderr.write(f"theseus_observe: there is no file {rest[0]}\n")
        return 2
    if is_module:
        sys.path[0] = str(Path.cwd())
        if importlib.util.find_spec(rest[0].partition(".")[0]) is None:
            sys.stderr.write(f"theseus_observe: there is no module {rest[0]}\n")
            return 2
    _observe_every_login()
    sys.argv[:] = rest
    if is_module:
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(rest[0]).resolve().parent)
        runpy.run_path(rest[0], run_name="__main__")
    return 0


def _observe_every_login() -> None:
    """Attach at login. It is the one place where a class is changed, because no object exists."""
    login = discord.Client.login

    @wraps(login)
    async def observe_and_login(self: discord.Client, *args: Any, **kwargs: Any) -> None:
        attach(self)
        await login(self, *args, **kwargs)

    discord.Client.login = observe_and_login  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Git as the demo runs it: with no configuration, hook or question of the visitor's."""

import asyncio
import os
from pathlib import Path
from typing import IO

from bot.domain.errors import ConfigError

AS_DEMO = ("-c", "user.name=Theseus demo", "-c", "user.email=demo@localhost")
"""Whose commits they are, in front of `commit`."""


async def has_commit(source: Path) -> bool:
    """Return whether a repository has a commit."""
    try:
        await run_git(source, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except ConfigError:
        return False
    return True


async def run_git(
    folder: Path,
    *arguments: str,
    stdin: IO[bytes] | None = None,
    output: IO[bytes] | None = None,
) -> str:
    """Return what git prints, unless it is to go into `output`. Raises `ConfigError`."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
    }
    command = ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        running = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else stdin,
            stdout=asyncio.subprocess.PIPE if output is None else output,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise ConfigError("git is not installed, and the demo needs it.") from error
    stdout, errors = await running.communicate()
    if running.returncode:
        raise ConfigError(f"git {arguments[0]} failed in {folder}: {errors.decode().strip()}")
    return (stdout or b"").decode(errors="replace")

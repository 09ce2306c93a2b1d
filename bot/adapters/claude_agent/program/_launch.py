"""Starts the program with a selected environment; it always ends together with the bot."""

import os
import shlex
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from theseus_rehearsal.ports.sandbox import Enclosure, Sandbox

from bot.adapters.claude_agent.program import _forwarder, _launcher
from bot.domain.errors import AgentUnavailable
from bot.ports.model_gateway import GatewayLease

BARE = ("-I", "-S")  # the bare interpreter: no site packages, no settings from the environment

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_UPDATES": "1",
    "DISABLE_GROWTHBOOK": "1",
    "CLAUDE_CODE_DISABLE_FEEDBACK_SURVEY": "1",
    "CLAUDE_CODE_DISABLE_TERMINAL_TITLE": "1",
}
# Disables features that act besides the tools we list, or read files that we did not choose.
ALONE = {
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_MCP_AUTO_BACKGROUND_MS": "0",
    "CLAUDE_CODE_DISABLE_CRON": "1",
    "CLAUDE_CODE_DISABLE_WORKFLOWS": "1",
    "CLAUDE_CODE_DISABLE_WEB_FETCH": "1",
    "CLAUDE_CODE_DISABLE_CLAUDE_MDS": "1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "CLAUDE_CODE_DISABLE_BUNDLED_SKILLS": "1",
    "CLAUDE_CODE_DISABLE_FILE_CHECKPOINTING": "1",
    "CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1",
    "CLAUDE_CODE_DISABLE_GIT_INSTRUCTIONS": "1",  # use `gh`, commit only when asked: not here
    "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
    # One tool that sends the complete to-do list, instead of several that keep tasks in files.
    "CLAUDE_CODE_ENABLE_TASKS": "0",
    "CLAUDE_CODE_ENABLE_TODO_TOOLS": "1",
    "ENABLE_CLAUDEAI_MCP_SERVERS": "false",
    "ENABLE_TOOL_SEARCH": "false",
}
# Failures are reported directly: no fallback model, no second request, no endless retries.
PLAIN = {
    "CLAUDE_CODE_NO_MODEL_FALLBACK": "1",
    "CLAUDE_CODE_DISABLE_REFUSAL_FALLBACK": "1",
    "CLAUDE_CODE_DISABLE_REFUSAL_RETRY": "1",
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1",
}
MOST_TOKENS = "32000"  # of one answer; the budget reserves this amount for it
MINUTES_10 = "600000"  # in milliseconds: the time limit for one call of our tools


def create_private_folder(path: Path) -> Path:
    """Create a folder that only the owner may read, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def build_environment(
    home: Path, lease: GatewayLease, *, retries: int, more: Mapping[str, str]
) -> dict[str, str]:
    """Return the program's variables; the launcher passes on those listed in `THESEUS_PASS`.

    The program's key is the token of its lease; the provider's key stays with the gateway.
    """
    variables = {
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(create_private_folder(home / "config")),
        "CLAUDE_CODE_TMPDIR": str(create_private_folder(home / "tmp")),
        "CLAUDE_CODE_MAX_RETRIES": str(retries),
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS": MOST_TOKENS,
        "MCP_TOOL_TIMEOUT": MINUTES_10,
        **QUIET,
        **ALONE,
        **PLAIN,
        "ANTHROPIC_API_KEY": lease.token,
        "ANTHROPIC_BASE_URL": lease.base_url,
        **more,
    }
    return variables | {"THESEUS_PASS": ",".join(variables)}


@dataclass(frozen=True)
class ProgramSandbox:
    """The sandbox of one conversation's program: what it can see and change.

    `private_folder` belongs to this program only: HOME, configuration, transcripts. `changes` is
    true if the program may change files in `cwd`.
    """

    sandbox: Sandbox
    private_folder: Path
    cwd: Path
    changes: bool
    lease: GatewayLease

    def build_command(self, program: Path) -> tuple[str, ...]:
        """Return the program's command line in its sandbox, or without one if there is none.

        Raises `SandboxUnavailable`, and `AgentUnavailable` if the gateway has no socket, which is
        the only way out of the sandbox.
        """
        enclosure = self._enclose((str(program),), program)
        if enclosure is None:
            return (str(program),)
        if enclosure.network:  # with network access it can connect to the gateway directly
            return enclosure.argv
        if self.lease.socket is None:
            raise AgentUnavailable("The model's gateway has no socket for a confined program.")
        forwarder, port = Path(_forwarder.__file__), urlsplit(self.lease.base_url).port
        command = (
            sys.executable,
            *BARE,
            str(forwarder),
            str(port),
            str(self.lease.socket),
            str(program),
        )
        enclosure = self._enclose(command, program, forwarder, self.lease.socket)
        return enclosure.argv if enclosure else command

    def _enclose(self, command: tuple[str, ...], *readable: Path) -> Enclosure | None:
        writable = (self.private_folder, self.cwd) if self.changes else (self.private_folder,)
        return self.sandbox.enclose(command, cwd=self.cwd, readable=readable, writable=writable)


def write_starter(home: Path, name: str, command: Sequence[str]) -> Path:
    """Write the script that starts `command` through the launcher; return its path.

    The SDK starts a single file with arguments, hence a script, which the program cannot change. It
    is written for each start, because updates move the interpreter and the program.
    """
    variables = f"{_launcher.SANDBOX}=1 " if len(command) > 1 else ""
    launch_command = shlex.join((sys.executable, *BARE, _launcher.__file__, *command))
    script = f'#!/bin/sh\n{variables}exec {launch_command} "$@"\n'
    path = create_private_folder(home / "bin") / name
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    draft.write_text(script, encoding="utf-8")
    draft.chmod(0o700)
    draft.replace(path)
    return path


class ParentDeathPipe:
    """A pipe that the launcher reads. Cutting it, or the end of this process, ends the program."""

    def __init__(self, home: Path) -> None:
        """Create the pipe. Raises `OSError` if `home` does not support pipes."""
        self.path = create_private_folder(home / "lifelines") / uuid.uuid4().hex
        os.mkfifo(self.path, mode=0o600)
        reading = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            self._held: int | None = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        finally:
            os.close(reading)

    def cut(self) -> None:
        """End the program and all its child processes; returns immediately."""
        descriptor, self._held = self._held, None
        if descriptor is not None:
            os.close(descriptor)
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return the pipe itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cut the pipe."""
        self.cut()

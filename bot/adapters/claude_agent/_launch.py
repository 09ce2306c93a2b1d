"""How the program is started: with whose environment, and on a line that ends it with the bot."""

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

from bot.adapters.claude_agent import _forwarder, _launcher
from bot.domain.errors import AgentUnavailable
from bot.ports.model_gateway import GatewayLease
from bot.ports.sandbox import Enclosure, Sandbox

BARE = ("-I", "-S")  # the interpreter alone: no site packages, nothing from the environment

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
# What would act beside the tools we list, or read files we did not choose.
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
    "ENABLE_CLAUDEAI_MCP_SERVERS": "false",
    "ENABLE_TOOL_SEARCH": "false",
}
# Failures are told as they are: no other model, no second way of asking, no endless waiting.
PLAIN = {
    "CLAUDE_CODE_NO_MODEL_FALLBACK": "1",
    "CLAUDE_CODE_DISABLE_REFUSAL_FALLBACK": "1",
    "CLAUDE_CODE_DISABLE_REFUSAL_RETRY": "1",
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1",
}
MOST_TOKENS = "32000"  # of one answer; while it is under way, the budget holds back so much
MINUTES_10 = "600000"  # in milliseconds: what one call of a tool of ours may take


def create_private_folder(path: Path) -> Path:
    """Make a folder that nobody else may read, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def build_environment(
    home: Path, lease: GatewayLease, *, retries: int, more: Mapping[str, str]
) -> dict[str, str]:
    """Return what is set for the program; `THESEUS_PASS` tells the launcher to pass all of it.

    Its key is the token of the pass it is lent: the provider's stays with the gateway.
    """
    given = {
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
    return given | {"THESEUS_PASS": ",".join(given)}


@dataclass(frozen=True)
class ProgramSandbox:
    """Where one conversation's program lives: what is closed around it, and what it may touch.

    `own` is its own folder, and nobody else's: HOME, configuration, transcripts. `changes` is
    whether it may change files in `cwd`.
    """

    sandbox: Sandbox
    private_folder: Path
    cwd: Path
    changes: bool
    lease: GatewayLease

    def build_command(self, program: Path) -> tuple[str, ...]:
        """Return the command line of the program in its sandbox; its own where there is none.

        Raises `SandboxUnavailable`; `AgentUnavailable` where the model's gateway has no socket,
        for nothing else leads out of the sandbox.
        """
        room = self._enclose((str(program),), program)
        if room is None:
            return (str(program),)
        if room.network:  # it goes to the gateway as anybody would
            return room.argv
        if self.lease.socket is None:
            raise AgentUnavailable("The model's gateway has no socket for a confined program.")
        here, port = Path(_forwarder.__file__), urlsplit(self.lease.base_url).port
        words = (sys.executable, *BARE, str(here), str(port), str(self.lease.socket), str(program))
        room = self._enclose(words, program, here, self.lease.socket)
        return room.argv if room else words

    def _enclose(self, command: tuple[str, ...], *readable: Path) -> Enclosure | None:
        writable = (self.private_folder, self.cwd) if self.changes else (self.private_folder,)
        return self.sandbox.enclose(command, cwd=self.cwd, readable=readable, writable=writable)


def write_starter(home: Path, name: str, command: Sequence[str]) -> Path:
    """Write the script that starts `words` through the launcher; return its path.

    The SDK starts one file and adds arguments; hence a script, out of the program's reach. It is
    written anew each time: the interpreter and the program move with updates.
    """
    around = f"{_launcher.SANDBOX}=1 " if len(command) > 1 else ""
    launched = shlex.join((sys.executable, *BARE, _launcher.__file__, *command))
    script = f'#!/bin/sh\n{around}exec {launched} "$@"\n'
    path = create_private_folder(home / "bin") / name
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    draft.write_text(script, encoding="utf-8")
    draft.chmod(0o700)
    draft.replace(path)
    return path


class ParentDeathPipe:
    """A pipe the launcher listens to. Cutting it, or the end of this process, ends the program."""

    def __init__(self, home: Path) -> None:
        """Make and hold it. Raises `OSError` where pipes cannot be made in `home`."""
        self.path = create_private_folder(home / "lifelines") / uuid.uuid4().hex
        os.mkfifo(self.path, mode=0o600)
        reading = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            self._held: int | None = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        finally:
            os.close(reading)

    def cut(self) -> None:
        """End the program and all it started; returns at once."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held)
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Hold on."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go."""
        self.cut()

"""Runs commands as plain child processes, if the owner allows it on machines without bubblewrap."""

import os
import secrets
import signal
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from theseus_rehearsal.ports.sandbox import Completed, SandboxLimits
from theseus_rehearsal.sandbox._environment import clean_environment, explain_not_startable
from theseus_rehearsal.sandbox._process_accounting import find_marked, is_supported
from theseus_rehearsal.sandbox._subprocess import NOT_STARTABLE, add_limits, run_bounded
from theseus_rehearsal.temporary_folder import open_temporary_folder

_MARK = "THESEUS_CONFINED"
_ROUNDS = 50  # of killing: a forking command can start new processes meanwhile


def _kill_marked(mark: str) -> None:
    """Kill all processes that carry the mark, also those that moved to another session."""
    for _ in range(_ROUNDS):
        pids = find_marked(mark)
        if not pids:
            return
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


class PlainSandbox:
    """Runs commands with limits and a clean environment, but without isolation."""

    @property
    def description(self) -> str:
        """What is enforced here, and what is not, as text for people."""
        limited = (
            "time, memory, processes, disk and output" if is_supported() else "only time and output"
        )
        return (
            f"no sandbox: {limited} are limited and the environment is clean, but commands CAN "
            "reach the network and read and write whatever this user can"
        )

    @property
    def refusal(self) -> str:
        """The reason why commands cannot be run: empty, because the owner allowed them."""
        return ""

    @property
    def inner(self) -> "PlainSandbox":
        """The sandbox itself: nothing is enclosed here."""
        return self

    def enclose(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
    ) -> None:
        """Return `None`: a program cannot be confined here."""

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return `argv` unchanged and a clean environment, with the temporary folder as `HOME`."""
        return list(argv), clean_environment(tempfile.gettempdir(), env)

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        writable: Sequence[Path],
        env: Mapping[str, str],
        limits: SandboxLimits,
        readable: Sequence[Path] = (),
    ) -> Completed:
        """Run a command to its end; then kill its process group and all processes with its mark."""
        async with open_temporary_folder("theseus-") as home:
            mark = secrets.token_hex(8)
            clean = clean_environment(str(home), {**env, _MARK: mark})
            if reason := explain_not_startable(argv[0], cwd, clean):
                return Completed(returncode=NOT_STARTABLE, output=reason, seconds=0.0)
            return await run_bounded(
                add_limits(argv, limits),
                cwd=cwd,
                env=clean,
                limits=limits,
                sweep=lambda: _kill_marked(f"{_MARK}={mark}"),
                disk=writable,
            )

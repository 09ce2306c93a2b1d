"""Commands as plain child processes, for machines without bubblewrap where that was allowed."""

import os
import secrets
import signal
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bot.adapters.sandbox._environment import clean_environment, explain_not_startable
from bot.adapters.sandbox._process_accounting import find_marked, is_supported
from bot.adapters.sandbox._subprocess import NOT_STARTABLE, add_limits, run_bounded
from bot.ports.sandbox import Completed, SandboxLimits

_MARK = "THESEUS_CONFINED"
_ROUNDS = 50  # of killing what a forking command started meanwhile


def _kill_marked(mark: str) -> None:
    """Kill whoever still carries the mark, whatever session it moved to."""
    for _ in range(_ROUNDS):
        left = find_marked(mark)
        if not left:
            return
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


class PlainSandbox:
    """Runs commands with limits and a clean environment, and nothing that keeps them in."""

    @property
    def description(self) -> str:
        """Return what is enforced here, and plainly what is not."""
        limited = (
            "time, memory, processes, disk and output" if is_supported() else "only time and output"
        )
        return (
            f"no sandbox: {limited} are limited and the environment is clean, but commands CAN "
            "reach the network and read and write whatever this user can"
        )

    @property
    def refusal(self) -> str:
        """Return nothing: commands are run, as that was allowed."""
        return ""

    @property
    def inner(self) -> "PlainSandbox":
        """Return itself: nothing is enclosed here."""
        return self

    def enclose(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
    ) -> None:
        """Return nothing: there is nothing to confine a program with."""

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return `argv` as it is and a clean environment; home is the shared temporary folder."""
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
        """Run to the end; kill the group and everything that carries this run's mark."""
        with tempfile.TemporaryDirectory(prefix="theseus-", ignore_cleanup_errors=True) as home:
            mark = secrets.token_hex(8)
            clean = clean_environment(home, {**env, _MARK: mark})
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

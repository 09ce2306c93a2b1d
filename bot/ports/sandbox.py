"""The sandbox door: one command, confined."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import Field

from bot.domain.record import Record


class Limits(Record):
    """What one command may use."""

    seconds: float = Field(default=60.0, gt=0)
    memory_mb: int = Field(default=4096, gt=0)
    processes: int = Field(default=512, gt=0)
    output_chars: int = Field(default=200_000, gt=0)


class Completed(Record):
    """How a command ended. `output` is standard output and error together, the tail kept."""

    returncode: int
    output: str
    seconds: float
    timed_out: bool = False


class Sandbox(Protocol):
    """Runs commands with only `writable` writable, no network, and a clean environment."""

    @property
    def description(self) -> str:
        """Return what is enforced here, for people."""
        ...

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command line and environment that run `argv` confined.

        For long-lived children that the caller talks to; the caller owns the process group.
        """
        ...

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        writable: Sequence[Path],
        env: Mapping[str, str],
        limits: Limits,
    ) -> Completed:
        """Run to the end or to the time limit; cancelling kills the whole process group.

        A command that cannot be started is `returncode` 127 with the reason as output.
        """
        ...

"""The sandbox port: one command, or one program with commands of its own, confined."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import Field

from bot.domain.record import Record


class SandboxLimits(Record):
    """What one command may use. `processes` and `memory_mb` are all of its processes' together.

    Of the `seconds`, time that it waits for a processor does not count, up to a multiple of them on
    the clock: a busy machine ends no command early. `disk_mb` and `files` are what the folders it
    may write to hold at the end of it, at most.
    """

    seconds: float = Field(default=60.0, gt=0)
    memory_mb: int = Field(default=4096, gt=0)
    processes: int = Field(default=512, gt=0)
    output_chars: int = Field(default=200_000, gt=0)
    disk_mb: int = Field(default=8192, gt=0)
    files: int = Field(default=200_000, gt=0)


class Completed(Record):
    """How a command ended. `output` is standard output and error together, the tail kept."""

    returncode: int
    output: str
    seconds: float
    timed_out: bool = False


class Enclosure(Record):
    """The command line of an enclosed program, and whether it has a network in there."""

    argv: tuple[str, ...]
    network: bool


class Sandbox(Protocol):
    """Runs commands with only `writable` writable, no network, and a clean environment."""

    @property
    def description(self) -> str:
        """Return what is enforced here, for people."""
        ...

    @property
    def refusal(self) -> str:
        """Return why nothing can be run here, or nothing."""
        ...

    @property
    def inner(self) -> "Sandbox":
        """Return the sandbox for the commands that an enclosed program runs."""
        ...

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command line and environment that run `argv` confined.

        For long-lived children that the caller talks to; the caller owns the process group.
        Raises `SandboxUnavailable`.
        """
        ...

    def enclose(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
    ) -> Enclosure | None:
        """Return what runs a program that itself runs commands; `None`: nothing would confine it.

        It sees the system, `cwd` and `readable`, may change `writable`, and keeps the environment
        it is started with: see to it that this holds nothing it should not know. Raises
        `SandboxUnavailable`.
        """
        ...

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
        """Run to the end or to the time limit; cancelling kills the whole process group.

        It sees `readable` besides `cwd` and may change neither.

        A command that cannot be started is `returncode` 127 with the reason as output.
        """
        ...

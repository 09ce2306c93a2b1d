"""The sandbox port: runs one command, or a program that runs commands itself, confined."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import Field
from theseus_guard.record import Record


class SandboxLimits(Record):
    """The limits of one command. `processes` and `memory_mb` apply to all its processes together.

    Time spent waiting for a processor does not count towards `seconds`, up to a multiple of them on
    the clock, so a busy machine does not end a command early. `disk_mb` and `files` limit the
    content of the writable folders at the end of the command. A command in the `background` gets
    processor time that nothing else wants.
    """

    seconds: float = Field(default=60.0, gt=0)
    memory_mb: int = Field(default=4096, gt=0)
    processes: int = Field(default=512, gt=0)
    output_chars: int = Field(default=200_000, gt=0)
    disk_mb: int = Field(default=8192, gt=0)
    files: int = Field(default=200_000, gt=0)
    background: bool = False


class Completed(Record):
    """How a command ended. `output` is standard output and error together, cut to its tail."""

    returncode: int
    output: str
    seconds: float
    timed_out: bool = False


class Enclosure(Record):
    """The command line of an enclosed program, and whether it has a network."""

    argv: tuple[str, ...]
    network: bool


class Sandbox(Protocol):
    """Runs commands that can write only to `writable`, without network, in a clean environment."""

    @property
    def description(self) -> str:
        """The restrictions that are enforced, as people read them."""
        ...

    @property
    def refusal(self) -> str:
        """The reason why nothing can run on this machine, or ""."""
        ...

    @property
    def inner(self) -> "Sandbox":
        """The sandbox for the commands that an enclosed program runs."""
        ...

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command line and environment that run `argv` confined.

        For long-lived children that the caller communicates with; the caller owns the process
        group. Raises `SandboxUnavailable`.
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
        """Return the command line for a program that runs commands itself; `None` if not confined.

        The program sees the system, `cwd` and `readable`, may change `writable`, and keeps the
        environment that it is started with, which must therefore contain no secrets. Raises
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
        """Run to the end or to the time limit; cancelling kills the process group.

        The command can read `cwd` and `readable` but change neither. A command that cannot be
        started has `returncode` 127 and the reason as output.
        """
        ...

"""Runs commands in bubblewrap: an empty root file system with only the needed folders mounted."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from theseus_rehearsal.errors import SandboxUnavailable
from theseus_rehearsal.ports.sandbox import Completed, Enclosure, SandboxLimits
from theseus_rehearsal.sandbox._environment import clean_environment, explain_not_startable
from theseus_rehearsal.sandbox._subprocess import NOT_STARTABLE, add_limits, run_bounded
from theseus_rehearsal.sandbox._syscalls import get_filter_path
from theseus_rehearsal.sandbox._system import (
    NAMES,
    iterate_bind_options,
    iterate_kernel_options,
    iterate_system_options,
    iterate_visible_options,
)
from theseus_rehearsal.temporary_folder import open_temporary_folder

PRIVATE = {"/dev/shm": 256, "/tmp": 1024}  # noqa: S108 - size in MB of each temporary file system
HOME = "/tmp/home"  # noqa: S108 - inside the sandbox
UNPRIVILEGED_ID = (
    "1000"  # root's user id inside: a process with id 0 could not create a nested sandbox
)
PROBE = SandboxLimits(seconds=10, memory_mb=512, processes=16, output_chars=2_000)
_FILTER = "9"  # the file descriptor from which bwrap reads the system call filter
_MIB = 1024 * 1024


class BubblewrapSandbox:
    """Runs commands in their own namespaces. `visible` are additional readable folders.

    `private` are folders, besides homes, that must not become visible by mounting this Python:
    `wrap`, `enclose` and `run` raise `SandboxUnavailable` if they would. `network` gives commands
    full network access. `within` is true for commands of a program that runs in a sandbox itself.
    `strict` prevents commands from creating namespaces, which would expose much of the kernel to
    them (`None`: if this bubblewrap supports it). For the options see bwrap(1), version 0.8.
    """

    def __init__(
        self,
        *,
        visible: Sequence[Path] = (),
        private: Sequence[Path] = (),
        program: str = "bwrap",
        network: bool = False,
        within: bool = False,
        strict: bool | None = None,
    ) -> None:
        self._visible = tuple(path.absolute() for path in visible)
        self._private = tuple(private)
        self._program = program
        self._network = network
        self._within = within
        self._strict = strict

    @property
    def description(self) -> str:
        """What is enforced here, as text for people."""
        network = "WITH the network" if self._network else "no network but its own loopback"
        counted = "processes (counted five times a second), " if _is_root() else "processes, "
        return (
            f"bubblewrap: {network}, only the worktree writable, no home, secrets or other "
            f"checkout visible, memory, {counted}disk, output and time limited"
        )

    @property
    def refusal(self) -> str:
        """The reason why commands cannot be run: empty, they can."""
        return ""

    @property
    def inner(self) -> "BubblewrapSandbox":
        """The sandbox for commands of an enclosed program."""
        return BubblewrapSandbox(
            visible=self._visible,
            private=self._private,
            program=self._program,
            network=self._network,
            within=True,
            strict=self._strict,
        )

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return the `bwrap` command line, which also sets the environment inside."""
        return self._build_command(argv, cwd, writable, env, ())

    def _build_command(
        self,
        argv: Sequence[str],
        cwd: Path,
        writable: Sequence[Path],
        env: Mapping[str, str],
        readable: Sequence[Path],
    ) -> tuple[list[str], dict[str, str]]:
        confined = [
            *self._iterate_isolation_options(strict=not (self._within and _is_root())),
            "--clearenv",
            *self._iterate_proc_options(), *self._iterate_file_options(cwd, writable, readable),
        ]  # fmt: skip
        for key, value in clean_environment(HOME, env).items():
            confined += ["--setenv", key, value]
        return [*confined, "--", *argv], {"PATH": "/usr/bin:/bin"}

    def enclose(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
    ) -> Enclosure:
        """Return the `bwrap` command line for a program that runs commands in a nested sandbox."""
        enclosed = [
            *self._iterate_isolation_options(strict=False),
            *(("--uid", UNPRIVILEGED_ID, "--gid", UNPRIVILEGED_ID) if _is_root() else ()),
            "--proc", "/proc", *(iterate_kernel_options() if _is_root() else ()),
            *self._iterate_file_options(cwd, writable, readable),
        ]  # fmt: skip
        return Enclosure(argv=(*enclosed, "--", *argv), network=self._network)

    def _iterate_isolation_options(self, *, strict: bool) -> Iterator[str]:
        """Yield the `bwrap` program and the options that separate all namespaces."""
        bwrap = shutil.which(self._program) or self._program
        calls = (
            None if self._within else get_filter_path()
        )  # the outer sandbox already has a filter
        if calls:
            yield from ("/bin/sh", "-c", f'exec "$@" {_FILTER}<{calls}', "sh", bwrap)
            yield from ("--seccomp", _FILTER)
        else:
            yield bwrap
        yield "--unshare-all"
        if self._network:
            yield "--share-net"
        if strict and (_can_be_strict(self._program) if self._strict is None else self._strict):
            yield from ("--unshare-user", "--disable-userns")
        yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL")

    def _iterate_proc_options(self) -> Iterator[str]:
        """Yield the options for a read-only `/proc` that shows only the command's own processes.

        Root cannot mount a new `/proc` in a nested sandbox. The outer one is shown instead; its
        processes stay inaccessible, because they belong to another user's namespace.
        """
        if self._within and _is_root():
            yield from ("--ro-bind", "/proc", "/proc")
        else:
            yield from ("--proc", "/proc", "--remount-ro", "/proc")

    def _iterate_file_options(
        self, cwd: Path, writable: Sequence[Path], readable: Sequence[Path] = ()
    ) -> Iterator[str]:
        writable_paths = [path.resolve() for path in writable]
        shown = [*self._visible, cwd, *readable, *writable]
        yield from iterate_system_options()
        if self._network:
            for name in NAMES:
                yield from ("--ro-bind-try", name, name)
        yield from ("--dev", "/dev")
        for folder, size in PRIVATE.items():
            yield from ("--size", str(size * _MIB), "--tmpfs", folder)
        yield from ("--remount-ro", "/dev", "--dir", HOME)
        yield from iterate_visible_options(shown, private=self._private)
        yield from iterate_bind_options("--bind", writable_paths)
        for path in writable_paths:  # whoever can write `.git` can make our own git run programs
            yield from ("--ro-bind-try", str(path / ".git"), str(path / ".git"))
        yield from ("--remount-ro", "/", "--chdir", str(cwd.absolute()))

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
        """Run a command to its end; the kernel kills everything inside when bwrap ends."""
        if reason := explain_not_startable(argv[0], cwd, clean_environment(HOME, env)):
            return Completed(returncode=NOT_STARTABLE, output=reason, seconds=0.0)
        inside = add_limits(argv, limits, alone=True)
        command, outer = self._build_command(inside, cwd, writable, env, readable)
        return await run_bounded(
            command, cwd=Path("/"), env=outer, limits=limits, sweep=lambda: None, disk=writable
        )


def _is_root() -> bool:
    return os.geteuid() == 0


@functools.cache
def _can_be_strict(program: str) -> bool:
    """Return whether bubblewrap (0.8 or newer) can prevent commands from creating namespaces."""
    try:
        help_text = subprocess.run(
            [program, "--help"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "--disable-userns" in help_text.stdout + help_text.stderr


async def probe(
    program: str = "bwrap", *, strict: bool | None = None, private: Sequence[Path] = ()
) -> str | None:
    """Return why bubblewrap does not work on this machine, or `None` if it works."""
    if shutil.which(program) is None:
        return "bubblewrap is not installed (`apt install bubblewrap`, `dnf install bubblewrap`)"
    sandbox = BubblewrapSandbox(program=program, strict=strict, private=private)
    command = [sys.executable, "-c", "print('confined')"]
    try:
        async with open_temporary_folder("theseus-probe-") as folder:
            result = await sandbox.run(command, cwd=folder, writable=(), env={}, limits=PROBE)
    except SandboxUnavailable as error:
        return str(error)
    if result.returncode == 0 and "confined" in result.output:
        return None
    return f"bubblewrap does not work here: {result.output.strip()[-500:] or 'no output'}"

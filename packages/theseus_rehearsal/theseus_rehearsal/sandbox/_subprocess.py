"""Runs one child to its end: with a time limit, bounded output and counted processes."""

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from theseus_rehearsal.own_time import limit_own_time
from theseus_rehearsal.ports.sandbox import Completed, SandboxLimits
from theseus_rehearsal.sandbox._process_accounting import Resident, list_family, sum_memory

LOOK_EVERY = 0.2  # seconds between two checks of processes and memory
FINAL_OUTPUT_SECONDS = 0.5  # seconds to wait for remaining output after the end
NOT_STARTABLE = 127
FILE_BLOCKS = 2 * 1024 * 1024  # of 512 bytes: no single file over 1 GiB
OPEN_FILES = 4096  # of one process
THREADS = 4  # the kernel counts threads, we count processes; this stops growth between two checks
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between two attempts to start a command on a machine that has too little of something."""
_EXHAUSTED = frozenset({errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_MIB = 1024 * 1024
_LOWEST = 19  # the niceness with the least share of the processors


class _Exhausted(Exception):
    """The machine has no process, descriptor or memory left for a command."""


class _Tail(asyncio.Protocol):
    """Keeps the last bytes that arrive, however many they are."""

    def __init__(self, chars: int) -> None:
        self._chars = chars
        self._room = chars * 4  # UTF-8 takes up to four bytes a character
        self._buffer = bytearray()
        self._dropped = 0
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > 2 * self._room:
            self._dropped += len(self._buffer) - self._room
            del self._buffer[: -self._room]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def render(self, *notes: str) -> str:
        """Return the end of the output as text, with `notes` in brackets."""
        text = self._buffer.decode("utf-8", errors="replace")
        after = "".join(f"\n[{note}]" for note in notes if note)
        if not self._dropped and len(text) + len(after) <= self._chars:
            return text + after
        before = "[the beginning of the output was dropped]\n"
        room = max(self._chars - len(before) - len(after), 0)
        return (before + text[len(text) - room :] + after)[-self._chars :]


def add_limits(argv: Sequence[str], limits: SandboxLimits, *, alone: bool = False) -> list[str]:
    """Return a command line that sets the kernel's limits per process, then becomes `argv`.

    A shell sets them, because doing so between fork and exec in Python is unsafe with threads. A
    limit that cannot be set is stricter already, or not supported. If the command is `alone` in a
    user namespace, the kernel limits its number of processes too, unless we are root. Shells use
    different names for that option, hence the two attempts.
    """
    options = [f"-d {limits.memory_mb * 1024}", f"-f {FILE_BLOCKS}", f"-n {OPEN_FILES}", "-c 0"]
    ceilings = "".join(f"ulimit {option} 2>/dev/null; " for option in options)
    if alone:
        maximum = limits.processes * THREADS
        ceilings += f"ulimit -u {maximum} 2>/dev/null || ulimit -p {maximum} 2>/dev/null; "
    niceness = f"nice -n {_LOWEST} " if limits.background else ""
    return ["/bin/sh", "-c", f'{ceilings}exec {niceness}"$@"', "sh", *argv]


class _DiskUsage(NamedTuple):
    """An amount of bytes and files, used or free."""

    size: int
    files: int


def _measure_usage(folders: Sequence[Path]) -> _DiskUsage:
    """Return the disk usage below `folders`; links are not followed."""
    size, files, pending = 0, 0, [str(folder) for folder in folders]
    while pending:
        # The command creates and deletes files while they are counted.
        with suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                files += 1
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
    return _DiskUsage(size, files)


def _measure_free(folders: Sequence[Path]) -> _DiskUsage | None:
    """Return the free space where `folders` are. This is cheap enough for a frequent check."""
    try:
        disks = [os.statvfs(folder) for folder in folders]
    except OSError:
        return None
    if not disks:
        return None
    return _DiskUsage(
        min(disk.f_bavail * disk.f_frsize for disk in disks), min(disk.f_favail for disk in disks)
    )


class _Disk:
    """Watches what is written below some folders; it counts exactly only when free space shrinks.

    Empty files need no space, but a disk can hold only a limited number of files.
    """

    def __init__(self, folders: Sequence[Path], limits: SandboxLimits) -> None:
        self._folders = folders
        self._limit = _DiskUsage(limits.disk_mb * _MIB, limits.files)
        self._free = _measure_free(folders)

    def describe_excess(self) -> str:
        """Return which limit is exceeded, or an empty string."""
        now = _measure_free(self._folders)
        if now is None or self._free is None or self._is_within(self._free, now):
            return ""
        usage = _measure_usage(self._folders)
        if usage.size > self._limit.size:
            maximum = self._limit.size // _MIB
            return f"killed: {usage.size // _MIB} MB on disk, {maximum} are allowed"
        if usage.files > self._limit.files:
            return f"killed: {usage.files} files, {self._limit.files} are allowed"
        self._free = now  # another process used the space
        return ""

    def _is_within(self, before: _DiskUsage, now: _DiskUsage) -> bool:
        growth = _DiskUsage(before.size - now.size, before.files - now.files)
        return growth.size <= self._limit.size and growth.files <= self._limit.files


def _describe_excess(members: list[Resident], limits: SandboxLimits) -> str:
    """Return which limit these processes exceed, or an empty string."""
    if len(members) > limits.processes:
        return f"killed: {len(members)} processes, {limits.processes} are allowed"
    used = sum_memory(members, limits.memory_mb * _MIB) // _MIB
    if used > limits.memory_mb:
        return f"killed: {used} MB of memory, {limits.memory_mb} are allowed"
    return ""


def _lower_sessions(pids: list[int]) -> None:
    """Lower the priority of the sessions of these processes.

    Linux can give each session the same share of the processors ("autogroup"); then a niceness only
    counts within its session.
    """
    for pid in pids:
        with suppress(OSError):  # it has ended, or this kernel has no such groups
            Path(f"/proc/{pid}/autogroup").write_text(str(_LOWEST), encoding="ascii")


async def _wait_for_exit(
    process: asyncio.subprocess.Process, limits: SandboxLimits, disk: _Disk, pids: list[int]
) -> str:
    """Wait for the process to end; return the exceeded limit if one is reached first, or "".

    `pids` is kept current: the process and those below it.
    """
    while True:
        if limits.background:
            _lower_sessions(pids)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY):
                await process.wait()
                return ""
        members = list_family(process.pid)
        pids[:] = [member.pid for member in members]
        if reason := _describe_excess(members, limits) or disk.describe_excess():
            return reason


def kill_group(pid: int) -> None:
    """Kill a process group that we lead, if it still exists."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def run_bounded(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    limits: SandboxLimits,
    sweep: Callable[[], None],
    disk: Sequence[Path] = (),
) -> Completed:
    """Run `argv` in its own session; at the end, or when cancelled, kill its group and `sweep`.

    The disk usage below the folders of `disk` is limited. A machine without free processes,
    descriptors or memory is waited for: a check that could not start says nothing about a change.
    """
    for pause in PAUSES:
        with suppress(_Exhausted):
            return await _run_once(argv, cwd, env, limits, sweep, disk)
        await asyncio.sleep(pause)
    try:
        return await _run_once(argv, cwd, env, limits, sweep, disk)
    except _Exhausted as error:
        output = f"The machine has too few processes, open files or memory left: {error}"
        return Completed(returncode=NOT_STARTABLE, output=output, seconds=0.0)


async def _run_once(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    limits: SandboxLimits,
    sweep: Callable[[], None],
    disk: Sequence[Path],
) -> Completed:
    loop = asyncio.get_running_loop()
    started = loop.time()
    disk_watch = _Disk(disk, limits)
    try:
        reading, writing = os.pipe()
    except OSError as error:
        raise _Exhausted(str(error)) from error
    # A pipe of our own, read up to a time limit: a process that escapes the kill keeps it open.
    transport, tail = await loop.connect_read_pipe(
        lambda: _Tail(limits.output_chars), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                cwd=cwd,
                env=dict(env),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _EXHAUSTED:
                raise _Exhausted(str(error)) from error
            return Completed(returncode=NOT_STARTABLE, output=str(error), seconds=0.0)
        finally:
            # With our own copy open, the pipe would never report its end.
            os.close(writing)
        timed_out, note = False, ""
        try:
            pids = [process.pid]
            async with limit_own_time(limits.seconds, lambda: pids):
                note = await _wait_for_exit(process, limits, disk_watch, pids)
        except TimeoutError:
            timed_out, note = True, f"killed: not done after {limits.seconds:g} s"
        finally:
            kill_group(process.pid)
            sweep()
            await process.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINAL_OUTPUT_SECONDS):
                await tail.closed.wait()
    finally:
        transport.close()
    return Completed(
        returncode=process.returncode if process.returncode is not None else -signal.SIGKILL,
        output=tail.render(note),
        seconds=loop.time() - started,
        timed_out=timed_out,
    )

"""Starts the program and ends everything it started. Run alone: `_launcher.py PROGRAM ARGUMENTS`.

The program may be the sandbox that encloses it: the launcher stays outside.

It needs nothing but the standard library (`python -I -S`). It stays as the program's parent:

- It passes on only the variables that are listed here or named in THESEUS_PASS, and the key on a
  pipe, where the commands the program runs do not find it.
- It and the program live in sessions of their own, so Ctrl-C in a terminal is the bot's alone.
- It reads from a pipe, THESEUS_LIFELINE, that the bot holds open and never writes to. The pipe ends
  with the bot, even one killed with SIGKILL, or when the bot cuts it: then everything ends.
- On Linux it adopts whatever the program's commands leave behind, so that they end too.
"""

import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

INHERITED = frozenset(
    {
        "PATH", "PWD", "LANG", "LANGUAGE", "TZ",
        "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_AGENT_SDK_VERSION",
        "CLAUDE_CODE_SDK_READS_SESSION_STATE",
    }
)  # fmt: skip
INHERITED_PREFIXES = ("LC_",)
KEYS = {
    "ANTHROPIC_API_KEY": "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
    "CLAUDE_CODE_OAUTH_TOKEN": "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
}
# Seconds between two checks of processes and memory: the kernel does not limit root's.
LOOK = 1.0 if os.geteuid() == 0 else 5.0
MOST_PROCESSES = 512  # of the program with all its commands
MOST_BYTES = 8 * 1024**3
GRACE = 1.0  # seconds for the program to end by itself after SIGTERM
SWEEP = 3.0  # seconds for all processes to end after SIGKILL
LOOK_EVERY = 0.02
CANNOT_START = 127
SANDBOX = "THESEUS_ENCLOSED"  # set if the started program is the sandbox
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def select_variables(variables: dict[str, str]) -> dict[str, str]:
    """Return the variables that the program may see."""
    named = INHERITED | set(variables.get("THESEUS_PASS", "").split(","))
    return {
        name: value
        for name, value in variables.items()
        if name in named or name.startswith(INHERITED_PREFIXES)
    }


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _open_parent_death_pipe(path: str) -> int:
    """Open the pipe and remove its name. Raises `OSError` if the bot has already ended."""
    line = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    Path(path).unlink(missing_ok=True)
    with suppress(BlockingIOError):
        if os.read(line, 1) == b"":
            raise BrokenPipeError(path)
    return line


def _pass_credentials(environment: dict[str, str]) -> None:
    """Pass the program's credentials through pipes, so that its commands never see them."""
    for name, descriptor_name in KEYS.items():
        if secret := environment.pop(name, "").encode():
            reading, writing = os.pipe()
            os.set_inheritable(reading, True)
            os.write(writing, secret)
            os.close(writing)
            environment[descriptor_name] = str(reading)


def _begin(argv: list[str], environment: dict[str, str]) -> int:
    """Fork and start the program; return its process id. It is killed if this launcher is."""
    launcher = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        for number in (*_STOPS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _pass_credentials(environment)
        # If the launcher died before `prctl` took effect, nothing would ever kill this child.
        if os.getppid() == launcher:
            os.execve(argv[0], argv, environment)  # noqa: S606 - the program we are to start
    except OSError as error:
        os.write(2, f"{argv[0]} cannot be started: {error.strerror}\n".encode())
    # Not `sys.exit`: the fork must not run the launcher's exit handlers a second time.
    os._exit(CANNOT_START)


class _ExitState:
    """Which processes have ended: the program (`code`), and all others too (`all`)."""

    def __init__(self, child: int) -> None:
        self._child = child
        self.code: int | None = None
        self.all = False

    def look(self) -> None:
        """Collect ended processes.

        Orphans become our children, so no children means no processes.
        """
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._child:
                    self.code = os.waitstatus_to_exitcode(ended[1])
        except ChildProcessError:
            self.all = True


def _list_parents() -> dict[int, int]:
    """Return the parent of each live process; empty if there is no /proc."""
    parents = {}
    for entry in os.scandir("/proc") if Path("/proc/self/stat").exists() else ():
        if entry.name.isdigit():
            with suppress(OSError):
                stat = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
                state, parent = stat.rpartition(")")[2].split()[:2]
                if state != "Z":
                    parents[int(entry.name)] = int(parent)
    return parents


def _list_descendants(root: int) -> set[int]:
    parents = _list_parents()
    # Until nothing is added: a child may be listed before its parent.
    members, size = {root}, 0
    while len(members) > size:
        size = len(members)
        members |= {pid for pid, parent in parents.items() if parent in members}
    return members - {root}


def _is_over_limit(root: int) -> bool:
    """Return whether too many processes run, or they use too much memory.

    The kernel limits each process, but not their sum, and does not count root's processes. Memory
    shared by several processes is not counted.
    """
    descendants, page = _list_descendants(root), os.sysconf("SC_PAGE_SIZE")
    if len(descendants) > MOST_PROCESSES:
        return True
    used = 0
    for pid in descendants:
        with suppress(OSError, IndexError, ValueError):
            _, resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[:3]
            used += (int(resident) - int(shared)) * page
    return used > MOST_BYTES


def _find_signal_target(child: int) -> int:
    """Return the process that should receive SIGTERM.

    If the child is the sandbox, the signal must go to the program inside, because the sandbox would
    just die. There are two sandbox processes in between: one outside, and the first one inside.
    """
    if SANDBOX not in os.environ:
        return child
    parents = _list_parents()
    for _ in range(2):
        child = next((pid for pid, parent in parents.items() if parent == child), child)
    return child


def _kill(who: int, number: int, *, group: bool = False) -> None:
    with suppress(ProcessLookupError, PermissionError):
        (os.killpg if group else os.kill)(who, number)


def _kill_descendants(child: int, exit_state: _ExitState) -> None:
    """Kill all remaining processes."""
    until = time.monotonic() + SWEEP
    _kill(child, signal.SIGKILL, group=True)
    exit_state.look()
    # Repeated, because processes can fork between the listing and the signal.
    while not exit_state.all and time.monotonic() < until:
        for pid in _list_descendants(os.getpid()):
            _kill(pid, signal.SIGKILL)
        time.sleep(LOOK_EVERY)
        exit_state.look()


def _watch(exit_state: _ExitState, parent_death_pipe: int, wake: int) -> None:
    """Wait until the program ended, the bot wants it to end, or it exceeds a limit."""
    poller = select.poll()
    poller.register(parent_death_pipe, select.POLLIN)
    poller.register(wake, select.POLLIN)
    next_check = time.monotonic() + LOOK
    while exit_state.code is None:
        events = poller.poll(LOOK * 1_000)
        if time.monotonic() >= next_check:
            if _is_over_limit(os.getpid()):
                return
            next_check = time.monotonic() + LOOK
        for descriptor, _ in events:
            if descriptor == parent_death_pipe or set(os.read(wake, 64)) & set(_STOPS):
                return
        exit_state.look()


def _end(child: int, exit_state: _ExitState) -> None:
    """Ask the program to end, and wait for it up to `GRACE` seconds."""
    until = time.monotonic() + GRACE
    if exit_state.code is None:
        _kill(_find_signal_target(child), signal.SIGTERM)
    while exit_state.code is None and time.monotonic() < until:
        time.sleep(LOOK_EVERY)
        exit_state.look()


def main(argv: list[str]) -> int:
    """Run the program to its end, or to the bot's. Return its exit code, 128+n for signal n."""
    try:
        parent_death_pipe = _open_parent_death_pipe(os.environ["THESEUS_LIFELINE"])
    except OSError:
        return CANNOT_START
    with suppress(PermissionError):  # it already leads a session
        os.setsid()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wake, waking = os.pipe()
    # `set_wakeup_fd` accepts no descriptor that may block.
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking)
    for number in (*_STOPS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    child = _begin(argv, select_variables(dict(os.environ)))
    devnull = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # only the program holds the pipes to the bot: they close with it
        os.dup2(devnull, descriptor)
    exit_state = _ExitState(child)
    _watch(exit_state, parent_death_pipe, wake)
    _end(child, exit_state)
    _kill_descendants(child, exit_state)
    code = -signal.SIGKILL if exit_state.code is None else exit_state.code
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

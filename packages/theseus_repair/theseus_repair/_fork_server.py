"""Forks one child per request, and passes on what each child reports.

Sent as source text (`python -c`) to the interpreter of the project under repair: standard library
only. Requests and answers are JSON lines. A child that exceeds its time is killed with its process
group; the end of standard input ends the server.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Emit = Callable[[Any], None]
WorkArguments = Callable[[dict[str, Any], Emit], dict[str, Any]]
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
END = b'{"end"'
GENEROUS = 12  # the wall-clock limit is this multiple of the seconds, for a busy machine


def read_wait_seconds(pid: int) -> float:
    """Return how long a process has waited for a processor; 0 where that is not known."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def call_prctl(option: int, value: int) -> None:
    """Call Linux's prctl; do nothing on other systems."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class Child:
    """One forked child and its output so far."""

    def __init__(self, request: dict[str, Any], pid: int, pipe: int) -> None:
        self.request, self.pid, self.pipe = request, pid, pipe
        self.began, self.seconds = time.monotonic(), float(request["seconds"])
        self.deadline = self.began + self.seconds
        self.output = b""
        self.late = self.is_exhausted = False

    def has_expired(self) -> bool:
        """Return whether its time is up; waiting for a processor does not count, within limits."""
        now = time.monotonic()
        if now <= self.deadline:
            return False
        least = self.began + self.seconds + read_wait_seconds(self.pid)
        self.deadline = min(least, self.began + self.seconds * GENEROUS)
        return now > self.deadline

    @property
    def is_finished(self) -> bool:
        """Return whether its last record has begun: an argument may be called `end` too."""
        return self.output.startswith(END) or b"\n" + END in self.output[-4096:]

    def kill(self) -> None:
        """Kill the child and everything in its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def answer(self, output: str) -> dict[str, Any]:
        """Return the reply to this child's request."""
        records = []
        for line in self.output.split(b"\n"):
            with contextlib.suppress(ValueError):
                records.append(json.loads(line))
        end = next((record for record in records if "end" in record), None)
        return {
            "id": self.request["id"],
            "records": [record for record in records if "test" in record],
            "calls": [record for record in records if "call" in record],
            "replayed": [record for record in records if "replayed" in record],
            "end": end["end"] if end else None,
            "modules": end.get("modules", []) if end else [],
            "project": end.get("project", []) if end else [],
            "late": self.late,
            "spent": self.is_exhausted,
            "unfit": (end or {}).get("unfit") or self.request.get("unfit", ""),
            "output": output,
        }


class Server:
    """Owns the children; single-threaded, so that forking is safe.

    `work` is what a child runs for its request: it emits records and returns the last of them.
    Requests come from `inlet`, one per line; answers go to `outlet`.
    """

    def __init__(self, work: WorkArguments, scratch: str, inlet: int, outlet: int) -> None:
        self.work, self.scratch = work, scratch
        self.inlet, self.outlet = inlet, outlet
        self.handlers: dict[str, Callable[[dict[str, Any]], None]] = {"cancel": self._cancel}
        self.listeners: dict[int, Callable[[], None]] = {}
        self.children: dict[int, Child] = {}
        self.others: set[int] = set()  # own processes that are not orphans of a child
        self.held: set[int] = set()  # descriptors that children have to close
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.inlet, selectors.EVENT_READ)
        self.buffer = b""

    def serve(self) -> None:
        """Answer requests until standard input ends."""
        call_prctl(PR_SET_CHILD_SUBREAPER, 1)
        while True:
            for key, _ in self.selector.select(self._get_seconds_left()):
                if key.fd in self.listeners:
                    self.listeners[key.fd]()
                elif key.fd in self.children:
                    self._listen(self.children[key.fd])
                elif key.fd == self.inlet and not self._read():
                    return
            for child in list(self.children.values()):
                if child.has_expired():
                    child.late = True
                    self._reap(child)

    def _get_seconds_left(self) -> float | None:
        waiting = [child.deadline for child in self.children.values()]
        return max(0.0, min(waiting) - time.monotonic()) + 0.005 if waiting else None

    def _read(self) -> bool:
        piece = os.read(self.inlet, 1 << 16)
        self.buffer += piece
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            request = json.loads(line)
            handler = next((self.handlers[key] for key in self.handlers if key in request), None)
            (handler or self.fork)(request)
        return bool(piece)

    def _cancel(self, request: dict[str, Any]) -> None:
        for child in self.children.values():
            if child.request["id"] == request["cancel"]:
                child.kill()

    def listen(self, pipe: int, listener: Callable[[], None]) -> None:
        """Call the listener whenever there is something to read."""
        self.listeners[pipe] = listener
        self.selector.register(pipe, selectors.EVENT_READ)

    def stop_listening(self, pipe: int) -> None:
        """Listen there no longer, and close it."""
        del self.listeners[pipe]
        self.selector.unregister(pipe)
        os.close(pipe)

    def fork(self, request: dict[str, Any]) -> None:
        """Fork a child for this request."""
        request["scratch"] = self.scratch
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._run_child(request, writing)
        os.close(writing)
        with contextlib.suppress(OSError):
            # The child sets it too, because either of them may run first.
            os.setpgid(pid, pid)
        self.children[reading] = Child(request, pid, reading)
        self.selector.register(reading, selectors.EVENT_READ)

    def _run_child(self, request: dict[str, Any], pipe: int) -> None:
        code = 1
        with contextlib.suppress(BaseException):
            os.setpgid(0, 0)
            call_prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            self.leave()
            output = os.open(
                self._get_output_path(os.getpid()), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600
            )
            os.dup2(output, 1)
            os.dup2(output, 2)

            def emit(record: object) -> None:
                os.write(pipe, json.dumps(record).encode() + b"\n")

            emit(self.work(request, emit))
            code = 0
        os._exit(code)

    def leave(self) -> None:
        """Close all that belongs to this server alone, in a process that was just forked."""
        self.selector.close()
        for number in (self.inlet, self.outlet, *self.children, *self.listeners, *self.held):
            os.close(number)

    def _get_output_path(self, pid: int) -> str:
        return str(Path(self.scratch, f"output-{pid}"))

    def _listen(self, child: Child) -> None:
        piece = os.read(child.pipe, 1 << 16)
        child.output += piece
        if piece and not child.is_finished and len(child.output) < 1 << 26:
            return
        if child.is_finished and not child.output.endswith(b"\n"):
            return
        self._reap(child)

    def _reap(self, child: Child) -> None:
        self.selector.unregister(child.pipe)
        os.close(child.pipe)
        del self.children[child.pipe]
        child.kill()
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(child.pid, 0)
            child.is_exhausted = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
        self._reap_orphans()
        output = Path(self._get_output_path(child.pid))
        text = output.read_text(errors="replace")[-3000:] if output.exists() else ""
        for pattern in (f"*-{child.pid}", f"*-{child.pid}-*"):
            for left in Path(self.scratch).glob(pattern):
                left.unlink(missing_ok=True)
        self.say(child.answer(text))

    def _reap_orphans(self) -> None:
        """Kill the processes that a child left behind: the subreaper is their parent now."""
        listing = Path(f"/proc/self/task/{os.getpid()}/children")
        mine = listing.read_text().split() if listing.exists() else []
        known = {child.pid for child in self.children.values()} | self.others
        for pid in map(int, mine):
            if pid not in known:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    def say(self, answer: dict[str, Any]) -> None:
        """Send an answer."""
        rest = json.dumps(answer).encode() + b"\n"
        while rest:
            rest = rest[os.write(self.outlet, rest) :]

    def end(self) -> None:
        """Kill every child, then the processes that they left behind."""
        for child in self.children.values():
            child.kill()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child.pid, 0)
        self.children.clear()
        self._reap_orphans()

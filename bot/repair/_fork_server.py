"""The preloaded runner: imports pytest and what no candidate changes once, forks a child a request.

Sent as source text (`python -c`) to the interpreter of the project under repair: standard library
only. JSON lines: requests on standard input, answers on standard output. A child that is late is
killed with its whole process group; the end of standard input ends everything.
"""

import contextlib
import ctypes
import importlib
import json
import os
import selectors
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RunChild = Callable[[dict[str, Any], str, Callable[[Any], None], list[object]], int]
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def prctl(option: int, value: int) -> None:
    """Call Linux's prctl; other systems go without."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class Child:
    """One forked child and what it has said so far."""

    def __init__(self, request: dict[str, Any], pid: int, pipe: int) -> None:
        self.request, self.pid, self.pipe = request, pid, pipe
        self.deadline = time.monotonic() + float(request["seconds"])
        self.said = b""
        self.late = False

    def kill(self) -> None:
        """Kill the child and everything in its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def answer(self, output: str) -> dict[str, Any]:
        """Return the reply to this child's request."""
        records = []
        for line in self.said.split(b"\n"):
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
            "output": output,
        }


class Server:
    """Owns the children; single-threaded, so that forking is safe."""

    def __init__(
        self,
        run_child: RunChild,
        imports: dict[str, Any],
        calls: dict[str, Any],
        replays: dict[str, Any],
        root: str,
        scratch: str,
    ) -> None:
        self.run_child, self.imports = run_child, imports
        self.calls, self.replays = calls, replays
        self.root, self.scratch = root, scratch
        self.cache = str(Path(scratch, "pycache"))
        self.inlet, self.outlet = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1):
            os.dup2(null, number)
        self.children: dict[int, Child] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.inlet, selectors.EVENT_READ)
        self.heard = b""

    def serve(self) -> None:
        """Answer requests until standard input ends."""
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        while True:
            for key, _ in self.selector.select(self._seconds_left()):
                if key.fd != self.inlet:
                    self._listen(self.children[key.fd])
                elif not self._read():
                    return
            for child in list(self.children.values()):
                if time.monotonic() > child.deadline:
                    child.late = True
                    self._bury(child)

    def _seconds_left(self) -> float | None:
        waiting = [child.deadline for child in self.children.values()]
        return max(0.0, min(waiting) - time.monotonic()) + 0.005 if waiting else None

    def _read(self) -> bool:
        piece = os.read(self.inlet, 1 << 16)
        self.heard += piece
        *lines, self.heard = self.heard.split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "preload" in request:
                self._preload(request)
            elif "cancel" in request:
                for child in self.children.values():
                    if child.request["id"] == request["cancel"]:
                        child.kill()
            else:
                self._fork(request)
        return bool(piece)

    def _preload(self, request: dict[str, Any]) -> None:
        for name in request["preload"]:
            if name not in sys.modules:
                with contextlib.suppress(BaseException):
                    importlib.import_module(name)
        fit = True
        if request["project"]:
            with contextlib.suppress(BaseException):
                fit = False
                fit = self.imports["import_steady"](
                    request["project"], request["changing"], self.root, self.cache
                )
        self._say({"id": request["id"], "fit": fit})

    def _fork(self, request: dict[str, Any]) -> None:
        request["scratch"] = self.scratch
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._be_child(request, writing)
        os.close(writing)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self.children[reading] = Child(request, pid, reading)
        self.selector.register(reading, selectors.EVENT_READ)

    def _be_child(self, request: dict[str, Any], pipe: int) -> None:
        code = 1
        with contextlib.suppress(BaseException):
            os.setpgid(0, 0)
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            self.selector.close()
            for number in (self.inlet, self.outlet, *self.children):
                os.close(number)
            output = os.open(self._output(os.getpid()), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.pycache_prefix = self.cache

            def emit(record: object) -> None:
                os.write(pipe, json.dumps(record).encode() + b"\n")

            end = self.run_child(request, self.root, emit, self._plugins(request, emit))
            emit(
                {"end": end, **(self.imports["imported"](self.root) if request["modules"] else {})}
            )
            code = 0
        os._exit(code)

    def _plugins(self, request: dict[str, Any], emit: Callable[[Any], None]) -> list[object]:
        if "places" in request:
            return [self.calls["CallsPlugin"](request, self.root, emit)]
        if "calls" in request:
            return [self.replays["ReplayPlugin"](request, self.root, emit, self.calls)]
        return []

    def _output(self, pid: int) -> str:
        return str(Path(self.scratch, f"output-{pid}"))

    def _listen(self, child: Child) -> None:
        piece = os.read(child.pipe, 1 << 16)
        child.said += piece
        if piece and b'"end"' not in child.said[-4096:] and len(child.said) < 1 << 26:
            return
        if b'"end"' in child.said and not child.said.endswith(b"\n"):
            return
        self._bury(child)

    def _bury(self, child: Child) -> None:
        self.selector.unregister(child.pipe)
        os.close(child.pipe)
        del self.children[child.pipe]
        child.kill()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child.pid, 0)
        self._reap_orphans()
        output = Path(self._output(child.pid))
        text = output.read_text(errors="replace")[-3000:] if output.exists() else ""
        for left in Path(self.scratch).glob(f"*-{child.pid}*"):
            left.unlink(missing_ok=True)
        self._say(child.answer(text))

    def _reap_orphans(self) -> None:
        """Kill what a child started and left behind: it is ours now (we are its subreaper)."""
        listing = Path(f"/proc/self/task/{os.getpid()}/children")
        mine = listing.read_text().split() if listing.exists() else []
        known = {child.pid for child in self.children.values()}
        for pid in map(int, mine):
            if pid not in known:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    def _say(self, answer: dict[str, Any]) -> None:
        rest = json.dumps(answer).encode() + b"\n"
        while rest:
            rest = rest[os.write(self.outlet, rest) :]

    def end(self) -> None:
        """Kill every child, then whatever they leave to us."""
        for child in self.children.values():
            child.kill()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child.pid, 0)
        self.children.clear()
        self._reap_orphans()


def writable(wanted: str) -> str:
    """Return the scratch folder asked for, or a new one where that cannot be written."""
    if wanted and os.access(wanted, os.W_OK):
        return wanted
    return tempfile.mkdtemp(prefix="theseus-repair-")


def main(
    run_child: RunChild,
    imports: dict[str, Any],
    calls: dict[str, Any],
    replays: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    """Serve until standard input ends. `settings`: root, scratch, paths (to import from).

    The others are the functions of `_fork_imports`, `_fork_calls` and `_fork_replays`.
    """
    root = os.path.realpath(settings["root"])
    os.chdir(root)
    moved = settings.get("moved_from") or ""
    kept = [entry for entry in sys.path if entry]
    if moved:
        kept = [
            root + entry[len(moved) :]
            if entry == moved or (entry.startswith(moved + os.sep) and "site-packages" not in entry)
            else entry
            for entry in kept
        ]
    sys.path[:] = list(dict.fromkeys([root, *settings.get("paths", ()), *kept]))
    importlib.import_module("pytest")
    scratch = writable(settings.get("scratch", ""))
    server = Server(run_child, imports, calls, replays, root, scratch)
    server._say({"ready": os.getpid()})
    try:
        server.serve()
    finally:
        server.end()
        shutil.rmtree(scratch, ignore_errors=True)

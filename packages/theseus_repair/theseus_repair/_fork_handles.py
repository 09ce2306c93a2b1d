"""The server's handles of the processes that are prepared for candidates; see `_fork_session`.

Sent as source text to the interpreter of the project under repair, as `_fork_server` is: standard
library only.
"""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Parts = dict[str, dict[str, Any]]


class SessionHandle:
    """The server's handle of such a process: starts it, forwards requests, receives answers.

    Args:
        server: The server, whose `cancel` requests it handles too.
        name: The mark of its answers.
        work: What the process does with the request that starts it and the ends of two pipes.
        otherwise: Takes the requests that cannot be answered there.
    """

    def __init__(
        self,
        server: Any,
        name: str,
        work: Callable[[dict[str, Any], tuple[int, int]], None],
        otherwise: Callable[[dict[str, Any]], None],
    ) -> None:
        self._server, self._name, self._work, self._otherwise = server, name, work, otherwise
        self._asked: dict[int, dict[str, Any]] = {}
        self._starting: dict[str, Any] | None = None
        self._pid = self._inlet = self._outlet = -1
        self._buffer = b""
        self._cancel = server.handlers["cancel"]
        server.handlers["cancel"] = self.cancel

    def start(self, request: dict[str, Any]) -> None:
        """Start the process; the answer comes when it is prepared, or cannot be."""
        self.end("another was asked for")
        request["scratch"] = self._server.scratch
        self._outlet, to_write = os.pipe()
        to_read, self._inlet = os.pipe()
        self._starting, self._buffer = request, b""
        self._pid = os.fork()
        if self._pid == 0:
            with contextlib.suppress(BaseException):
                os.setpgid(0, 0)
                self._server.leave()
                for pipe in (self._outlet, self._inlet):
                    os.close(pipe)
                self._work(request, (to_read, to_write))
            os._exit(1)
        os.close(to_read)
        os.close(to_write)
        self._server.others.add(self._pid)
        self._server.held.add(self._inlet)
        self._server.listen(self._outlet, self._listen)

    def ask(self, request: dict[str, Any]) -> None:
        """Forward a request, or pass it on if the process is not prepared (yet)."""
        if self._pid < 0 or self._starting is not None:
            self._otherwise({"unfit": f"not {self._name} yet", **request})
            return
        # The request is sent in a file, because writing much to a pipe blocks until it is read.
        file = self._get_path(request["id"])
        file.write_text(json.dumps(request), encoding="utf-8")
        self._asked[request["id"]] = request
        self._write({"id": request["id"], "seconds": request["seconds"], "file": str(file)})

    def cancel(self, request: dict[str, Any]) -> None:
        """End the run of the request with that number, wherever it is."""
        self._cancel(request)
        if request["cancel"] in self._asked:
            self._write(request)

    def _get_path(self, number: int) -> Path:
        return Path(self._server.scratch, f"{self._name}.{number}")

    def _write(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the listener notices the end of the process
            os.write(self._inlet, json.dumps(message).encode() + b"\n")

    def _listen(self) -> None:
        piece = os.read(self._outlet, 1 << 16)
        self._buffer += piece
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        if not piece:
            self.end("it ended")

    def _take(self, answer: dict[str, Any]) -> None:
        if "obstacle" in answer:
            starting, self._starting = self._starting, None
            if answer["obstacle"]:
                self.end(answer["obstacle"])
            if starting is not None:
                self._server.say({"id": starting["id"], "obstacle": answer["obstacle"]})
            return
        request = self._asked.pop(answer["id"], None)
        self._get_path(answer["id"]).unlink(missing_ok=True)
        if request is not None and answer["unfit"]:
            self._otherwise({"unfit": answer["unfit"], **request})
        else:
            self._server.say({**answer, self._name: True})

    def end(self, why: str) -> None:
        """End the process; its unanswered requests are passed on."""
        if self._pid < 0:
            return
        self._server.stop_listening(self._outlet)
        self._server.held.discard(self._inlet)
        os.close(self._inlet)
        for end in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(self._pid, 9)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        self._server.others.discard(self._pid)
        self._pid = -1
        starting, self._starting = self._starting, None
        if starting is not None:
            self._server.say({"id": starting["id"], "obstacle": why})
        pending, self._asked = self._asked, {}
        for request in pending.values():
            self._get_path(request["id"]).unlink(missing_ok=True)
            self._otherwise({"unfit": why, **request})


def open_handles(server: Any, parts: Parts, root: str, cache: str) -> list[SessionHandle]:
    """Let the server handle `collect` and `collected` requests; return what has to be ended."""

    prepare = parts["session"]["prepare_session"]

    def work(name: str) -> Callable[[dict[str, Any], tuple[int, int]], None]:
        return lambda request, pipes: prepare(name, parts, request, root, cache, pipes)

    configured = SessionHandle(server, "configured", work("configured"), server.fork)
    collected = SessionHandle(server, "collected", work("collected"), configured.ask)

    def start(request: dict[str, Any]) -> None:
        configured.start({**request, "id": 0})  # no one waits for the answer
        collected.start(request)

    server.handlers |= {"collect": start, "collected": collected.ask}
    return [collected, configured]

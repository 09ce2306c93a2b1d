"""A process in which pytest is configured and the tests are collected once, for all candidates.

Sent as source text to the interpreter of the project under repair, as `_fork_server` is: standard
library and that project's pytest only. It forks one child per candidate, which puts the candidate's
code into the imported functions (`_fork_code`) and runs the requested tests. If that could differ
from a run from the start, the server forks a child of its own, which has collected nothing yet.
"""

import contextlib
import gc
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Parts = dict[str, dict[str, Any]]


class SessionHandle:
    """The server's handle of that process: starts it, forwards requests, receives answers.

    It handles `collect` and `collected` requests for the server.
    """

    def __init__(self, server: Any, parts: Parts, root: str, cache: str) -> None:
        self._server, self._parts, self._root, self._cache = server, parts, root, cache
        self._asked: dict[int, dict[str, Any]] = {}
        self._starting: dict[str, Any] | None = None
        self._pid = self._inlet = self._outlet = -1
        self._buffer = b""
        self._cancel = server.handlers["cancel"]
        server.handlers |= {"collect": self.start, "collected": self.ask, "cancel": self.cancel}

    def start(self, request: dict[str, Any]) -> None:
        """Collect the tests in a separate process; the answer comes when that has ended."""
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
                collect(self._parts, request, self._root, self._cache, (to_read, to_write))
            os._exit(1)
        os.close(to_read)
        os.close(to_write)
        self._server.others.add(self._pid)
        self._server.held.add(self._inlet)
        self._server.listen(self._outlet, self._listen)

    def ask(self, request: dict[str, Any]) -> None:
        """Forward a request; run tests from the start if they are not collected (yet)."""
        if self._pid < 0 or self._starting is not None:
            self._server.fork({**request, "unfit": "not collected yet"})
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
        return Path(self._server.scratch, f"asked.{number}")

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
            self._server.fork({**request, "unfit": answer["unfit"]})
        else:
            self._server.say({**answer, "collected": True})

    def end(self, why: str) -> None:
        """End that process; its unanswered requests are run from the start."""
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
            self._server.fork({**request, "unfit": why})


def collect(
    parts: Parts, request: dict[str, Any], root: str, cache: str, pipes: tuple[int, int]
) -> None:
    """Run as that process: collect the tests, then fork a child per request. Does not return."""
    import pytest

    parts["server"]["call_prctl"](parts["server"]["PR_SET_PDEATHSIG"], 9)
    output = os.open(str(Path(request["scratch"], "collected")), os.O_RDWR | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    parts["imports"]["compile_into"](cache, root)
    session = CollectedSession(parts, request, root, pipes)
    parts["child"]["prepare"](request, session.recorder.alarm)
    session.imported.__enter__()
    mark = pytest.hookimpl(tryfirst=True)
    CollectedSession.pytest_runtestloop = mark(CollectedSession.pytest_runtestloop)  # type: ignore[method-assign]
    pytest.main(
        parts["child"]["build_arguments"](request, root), plugins=[session.recorder, session]
    )
    session.server.say({"obstacle": "pytest ended before it had collected the tests"})


class CollectedSession:
    """A pytest plugin that waits for requests to run tests, instead of running all at once."""

    def __init__(
        self, parts: Parts, request: dict[str, Any], root: str, pipes: tuple[int, int]
    ) -> None:
        self._parts, self._root = parts, root
        self._open_before = parts["code"]["open_files"]().keys()
        paths = [str(Path(root, path)) for path in request["changing"]]
        self.imported = parts["code"]["ImportedCode"](paths)
        alarm = parts["alarm"]["Alarm"]()
        self.recorder = parts["child"]["TestRecorder"](request, root, lambda record: None, alarm)
        self.server = parts["server"]["Server"](self.work, request["scratch"], *pipes)

    def pytest_runtestloop(self, session: Any) -> None:
        """Report whether tests can be run from this state, then serve all requests."""
        self._session = session
        self.imported.__exit__()
        self._capture = session.config.pluginmanager.getplugin("capturemanager")
        obstacle = self._find_obstacle(session)
        self.server.say({"obstacle": obstacle})
        if not obstacle:
            # Reading objects in a child copies their memory pages (reference counts), which is slow
            # for thousands of items. So they are indexed and frozen here, before the forks.
            self._named = group_by_name(session.items)
            gc.collect()
            gc.freeze()
            sys.stdout.flush()
            self.server.serve()
            self.server.end()
        os._exit(0)

    def _find_obstacle(self, session: Any) -> str:
        """Return why this process must not fork, or an empty string."""
        if session.testsfailed:
            return "some tests cannot be collected"
        if find_other_loops(session.config, self):
            return "a plugin runs the tests in its own way"
        if self._parts["imports"]["count_threads"]() != 1:
            return "a thread was started while modules were imported"
        if Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            return "a process was started while modules were imported"
        # pytest's capture holds files of its own, which would count as opened by the project.
        self._capture.stop_global_capturing()
        own = {self.server.selector.fileno()}
        opened = self._parts["code"]["open_files"]()
        left = [opened[number] for number in opened.keys() - self._open_before - own]
        if left:
            return f"{left[0]} was opened while modules were imported"
        try:
            self.imported.index()
        except self._parts["code"]["Unfit"] as unfit:
            return str(unfit)
        return ""

    def work(self, request: dict[str, Any], emit: Callable[[Any], None]) -> dict[str, Any]:
        """Run the requested tests with the candidate's code, in a child; return the last record."""
        request |= json.loads(Path(request["file"]).read_text(encoding="utf-8"))
        overlay, session = self._parts["overlay"], self._session
        files = overlay["resolve_paths"](request["overlay"], self._root)
        unfit: type[Exception] = self._parts["code"]["Unfit"]
        try:
            items = select_items(self._named, request["tests"])
            self.imported.put(files)
        except (unfit, LookupError, SyntaxError, ValueError) as error:
            return {"end": None, "unfit": f"{error}" or type(error).__name__}
        overlay["apply_overlay"](files, request["scratch"])
        self.recorder.request, self.recorder.emit = request, emit
        session.items, session.testscollected = items, len(items)
        session.config.option.maxfail = request.get("maxfail") or session.config.option.maxfail
        self._capture.start_global_capturing()
        self._capture.suspend_global_capture(in_=True)
        plugins = self._parts["main"]["build_plugins"](self._parts, request, self._root, emit)
        end = run_loop(session, plugins)
        sys.stdout.flush()
        return {"end": end}


def find_other_loops(config: Any, own: object) -> list[object]:
    """Return the plugins that run the tests instead of pytest, except for ours and pytest's own."""
    from _pytest import main

    return [
        hook.plugin
        for hook in config.hook.pytest_runtestloop.get_hookimpls()
        if not hook.hookwrapper
        and not getattr(hook, "wrapper", False)
        and hook.plugin not in (own, main)
    ]


def group_by_name(items: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the items by their node ids."""
    named: dict[str, list[Any]] = {}
    for item in items:
        named.setdefault(item.nodeid, []).append(item)
    return named


def select_items(named: dict[str, list[Any]], tests: Sequence[str]) -> list[Any]:
    """Return the items of these paths and node ids, in their order. Raises `LookupError`."""
    found: dict[int, Any] = {}
    for test in tests:
        own = named.get(test)
        if own is None:
            own = [item for name, items in named.items() if is_within(name, test) for item in items]
        if not own:
            raise LookupError(f"{test} was not collected")
        found |= {id(item): item for item in own}
    return list(found.values())


def is_within(item: str, test: str) -> bool:
    """Return whether a node is the requested one, or a part of it."""
    return item == test or (item.startswith(test) and item[len(test) :][:1] in (":", "["))


def run_loop(session: Any, plugins: Sequence[Any]) -> int:
    """Run the session's items as pytest does, and return pytest's exit code.

    The plugins get the same hooks as in a run from the start: after collection, while tests run,
    and at the end.
    """
    for plugin in plugins:
        session.config.pluginmanager.register(plugin)
        getattr(plugin, "pytest_collection_finish", lambda session: None)(session)
    end = run_items(session)
    for plugin in plugins:
        getattr(plugin, "pytest_sessionfinish", lambda session: None)(session)
    return end


def run_items(session: Any) -> int:
    """Run the session's items; return pytest's exit code."""
    from _pytest.main import pytest_runtestloop

    try:
        pytest_runtestloop(session)
    except session.Interrupted:
        return 2
    except session.Failed:
        return 1
    return 1 if session.testsfailed else 0

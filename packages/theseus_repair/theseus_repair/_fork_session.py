"""Two processes that are prepared once for all candidates, and fork one child for each.

Sent as source text to the interpreter of the project under repair, as `_fork_server` is: standard
library and that project's pytest only. In the first, the tests are collected: a child puts the
candidate's code into the imported functions (`_fork_code`) and runs the requested tests. If that
could differ from a run from the start, because the changed code has run during an import, the
second is asked. There pytest is configured and nothing is collected: a child imports the tests and
the candidate itself. If that could differ too, the server forks a child of its own.
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


def prepare_session(
    name: str,
    parts: Parts,
    request: dict[str, Any],
    root: str,
    cache: str,
    pipes: tuple[int, int],
) -> None:
    """Run as such a process: let pytest begin, then fork a child per request. Does not return."""
    import pytest

    parts["server"]["call_prctl"](parts["server"]["PR_SET_PDEATHSIG"], 9)
    output = os.open(str(Path(request["scratch"], name)), os.O_RDWR | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    parts["imports"]["compile_into"](cache, root)
    kinds: dict[str, type[PreparedSession]] = {
        "collected": CollectedSession,
        "configured": ConfiguredSession,
    }
    kind = kinds[name]
    setattr(kind, kind.moment, pytest.hookimpl(tryfirst=True)(getattr(kind, kind.moment)))
    session = kind(parts, request, root, pipes)
    parts["child"]["prepare"](request, session.recorder.alarm)
    session.imported.__enter__()
    pytest.main(
        parts["child"]["build_arguments"](request, root), plugins=[session.recorder, session]
    )
    session.server.say({"obstacle": "pytest ended before it was prepared"})


class PreparedSession:
    """A pytest plugin that waits for requests at a `moment`: in the hook of that name."""

    moment = ""

    def __init__(
        self, parts: Parts, request: dict[str, Any], root: str, pipes: tuple[int, int]
    ) -> None:
        self.parts, self.request, self.root = parts, request, root
        self._open_before = parts["code"]["open_files"]().keys()
        paths = [str(Path(root, path)) for path in request["changing"]]
        self.imported = parts["code"]["ImportedCode"](paths)
        alarm = parts["alarm"]["Alarm"]()
        self.recorder = parts["child"]["TestRecorder"](request, root, lambda record: None, alarm)
        self.server = parts["server"]["Server"](self.work, request["scratch"], *pipes)

    def work(self, request: dict[str, Any], emit: Callable[[Any], None]) -> dict[str, Any]:
        """Run the requested tests with the candidate's code, in a child; return the last record."""
        request |= json.loads(Path(request["file"]).read_text(encoding="utf-8"))
        files = self.parts["overlay"]["resolve_paths"](request["overlay"], self.root)
        try:
            self._select(request, files)
        except (self.parts["code"]["Unfit"], LookupError, SyntaxError, ValueError) as error:
            return {"end": None, "unfit": f"{error}" or type(error).__name__}
        self.parts["overlay"]["apply_overlay"](files, request["scratch"])
        self.recorder.request, self.recorder.emit = request, emit
        option = self._session.config.option
        option.maxfail = request.get("maxfail") or option.maxfail
        self._capture.start_global_capturing()
        self._capture.suspend_global_capture(in_=True)
        plugins = self.parts["main"]["build_plugins"](self.parts, request, self.root, emit)
        end = self._run(plugins)
        sys.stdout.flush()
        return end

    def _select(self, request: dict[str, Any], files: dict[str, str]) -> None:
        """Prepare this child for the request. Raises `Unfit` if it has to be run elsewhere."""
        raise NotImplementedError

    def _run(self, plugins: Sequence[Any]) -> dict[str, Any]:
        """Run the tests with these plugins in addition; return the last record."""
        raise NotImplementedError

    def _check(self) -> str:
        """Return why candidates could be judged differently here, or an empty string."""
        raise NotImplementedError

    def _serve(self, session: Any) -> None:
        """Report whether this process may fork, then serve all requests. Does not return."""
        self._session = session
        self.imported.__exit__()
        self._capture = session.config.pluginmanager.getplugin("capturemanager")
        obstacle = self._find_obstacle()
        self.server.say({"obstacle": obstacle})
        if not obstacle:
            gc.collect()
            gc.freeze()
            sys.stdout.flush()
            self.server.serve()
            self.server.end()
        os._exit(0)

    def _find_obstacle(self) -> str:
        """Return why this process must not fork, or an empty string."""
        if self._session.testsfailed:
            return "some tests cannot be collected"
        if self.parts["imports"]["count_threads"]() != 1:
            return "a thread was started while modules were imported"
        if Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            return "a process was started while modules were imported"
        # pytest's capture holds files of its own, which would count as opened by the project.
        self._capture.stop_global_capturing()
        own = {self.server.selector.fileno()}
        opened = self.parts["code"]["open_files"]()
        left = [opened[number] for number in opened.keys() - self._open_before - own]
        if left:
            return f"{left[0]} was opened while modules were imported"
        try:
            return self._check()
        except self.parts["code"]["Unfit"] as unfit:
            return str(unfit)


class CollectedSession(PreparedSession):
    """Waits when the tests are collected."""

    moment = "pytest_runtestloop"

    def pytest_runtestloop(self, session: Any) -> None:
        """Serve requests in place of running the tests."""
        # Reading objects in a child copies their memory pages (reference counts), which is slow for
        # thousands of items. So they are indexed here, before the forks.
        self._named = group_by_name(session.items)
        self._serve(session)

    def _check(self) -> str:
        if find_other_loops(self._session.config, self):
            return "a plugin runs the tests in its own way"
        self.imported.index()
        return ""

    def _select(self, request: dict[str, Any], files: dict[str, str]) -> None:
        items = select_items(self._named, request["tests"])
        self.imported.put(files)
        self._session.items, self._session.testscollected = items, len(items)

    def _run(self, plugins: Sequence[Any]) -> dict[str, Any]:
        return {"end": run_loop(self._session, plugins)}


class ConfiguredSession(PreparedSession):
    """Waits before any test is collected; a child collects only the requested ones."""

    moment = "pytest_collection"

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self._is_child = False

    def pytest_collection(self, session: Any) -> None:
        """Serve requests in place of collecting, except in a child."""
        if not self._is_child:
            self._serve(session)

    def _check(self) -> str:
        self.imported.require_unused()
        return ""

    def _select(self, request: dict[str, Any], files: dict[str, str]) -> None:
        self.imported.require_expected(files)
        tests = request["tests"]
        if any(test.startswith("-") for test in tests):
            raise ValueError("the tests contain options")
        self._session.config.args = list(self.parts["child"]["resolve_tests"](tests, self.root))
        self._is_child = True

    def _run(self, plugins: Sequence[Any]) -> dict[str, Any]:
        for plugin in plugins:
            self._session.config.pluginmanager.register(plugin)
        # pytest ends in many ways, such as for an unknown test id: the run is then repeated from
        # the start, which reports it.
        with contextlib.suppress(BaseException):
            return {"end": run_session(self._session)}
        return {"end": None, "unfit": "pytest ended before the tests did"}


def run_session(session: Any) -> int:
    """Collect and run tests as pytest's main function does, and return pytest's exit code.

    Raises what that handles, except if tests failed or were interrupted by their failures.
    """
    hook = session.config.hook
    try:
        hook.pytest_collection(session=session)
        hook.pytest_runtestloop(session=session)
        end = 1 if session.testsfailed else 0 if session.testscollected else 5
    except session.Interrupted:
        end = 2
    except session.Failed:
        end = 1
    os.chdir(session.startpath)
    session.exitstatus = end
    hook.pytest_sessionfinish(session=session, exitstatus=end)
    return int(session.exitstatus)


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

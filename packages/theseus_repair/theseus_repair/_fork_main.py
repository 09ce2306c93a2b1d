"""The server program: imports pytest and unchanging modules once, then forks a child per request.

Sent as source text (`python -c`) to the interpreter of the project under repair: standard library
only. `parts` are the other `_fork_` modules, by their names without that prefix.
"""

import contextlib
import gc
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Parts = dict[str, dict[str, Any]]


class TestWork:
    """The work of a child: runs tests from the start, or records calls while they run."""

    def __init__(self, parts: Parts, root: str, cache: str) -> None:
        self._parts, self._root, self._cache = parts, root, cache

    def execute(self, request: dict[str, Any], emit: Callable[[Any], None]) -> dict[str, Any]:
        """Carry out the request in this process; return the last record."""
        self._parts["imports"]["compile_into"](self._cache, self._root)
        overlay, run_child = self._parts["overlay"], self._parts["child"]["run_child"]
        if request["overlay"]:
            files = overlay["resolve_paths"](request["overlay"], self._root)
            overlay["apply_overlay"](files, request["scratch"])
        lines = None
        if isinstance(request.get("coverage"), dict):  # only some lines, not all
            tracer = self._parts["child"]["Tracer"]
            lines = self._parts["hits"]["LineHits"](self._root, request["coverage"], tracer)
            lines.install()
        plugins = build_plugins(self._parts, request, self._root, emit)
        alarm = self._parts["alarm"]["Alarm"]()
        end = run_child(request, self._root, emit, plugins, alarm, lines)
        wanted = request["modules"]
        return {
            "end": end,
            **(self._parts["imports"]["collect_imports"](self._root) if wanted else {}),
        }


def build_plugins(
    parts: Parts, request: dict[str, Any], root: str, emit: Callable[[Any], None]
) -> list[Any]:
    """Return the plugin that limits the collection and, if requested, those that record calls."""
    limits = parts["collection"]["CollectionLimits"](request)
    calls = {**parts["calls"], **parts["coroutines"]}
    if "places" in request:
        return [limits, calls["CallsPlugin"](request, root, emit, calls["is_new_call"])]
    if "calls" in request:
        return [limits, parts["replays"]["ReplayPlugin"](request, root, emit, calls)]
    return [limits]


def preload(parts: Parts, request: dict[str, Any], root: str, cache: str) -> bool:
    """Import the requested modules; return whether this process may continue to fork."""
    for name in request["preload"]:
        if name not in sys.modules:
            with contextlib.suppress(BaseException):
                importlib.import_module(name)
    gc.freeze()
    if not request["project"]:
        return True
    with contextlib.suppress(BaseException):
        steady = parts["imports"]["import_steady"]
        return bool(steady(request["project"], request["changing"], root, cache))
    return False


def find_scratch_folder(wanted: str) -> str:
    """Return the requested scratch folder, or a new one if that cannot be written."""
    if wanted and os.access(wanted, os.W_OK):
        return wanted
    return tempfile.mkdtemp(prefix="theseus-repair-")


def import_from(parts: Parts, root: str, settings: dict[str, Any]) -> None:
    """Make imports come from below the root, in the order that the original folder would have."""
    if settings.get("moved_from"):
        parts["paths"]["map_paths"](settings["moved_from"], root)
    entries = [entry for entry in sys.path if entry]
    sys.path[:] = list(dict.fromkeys([settings["folder"], *settings.get("paths", ()), *entries]))


def take_standard_pipes() -> tuple[int, int]:
    """Return the descriptors of standard input and output, and detach imported code from both."""
    inlet, outlet = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(null, number)
    return inlet, outlet


def main(parts: Parts, settings: dict[str, Any]) -> None:
    """Serve until standard input ends. `settings`: root, scratch, paths (to import from).

    `folder` is where tests run: the root, or below it.
    """
    root = os.path.realpath(settings["root"])
    settings["folder"] = os.path.realpath(settings["folder"])
    os.chdir(settings["folder"])
    import_from(parts, root, settings)
    importlib.import_module("pytest")
    parts["imports"]["import_plugins"]()
    scratch = find_scratch_folder(settings.get("scratch", ""))
    cache = str(Path(scratch, "pycache"))
    work = TestWork(parts, root, cache)
    server = parts["server"]["Server"](work.execute, scratch, *take_standard_pipes())

    def answer_preload(request: dict[str, Any]) -> None:
        server.say({"id": request["id"], "fit": preload(parts, request, root, cache)})

    server.handlers["preload"] = answer_preload
    handles = parts["handles"]["open_handles"](server, parts, root, cache)
    server.say({"ready": os.getpid()})
    try:
        server.serve()
    finally:
        for handle in handles:
            handle.end("nobody asks any more")
        server.end()
        shutil.rmtree(scratch, ignore_errors=True)

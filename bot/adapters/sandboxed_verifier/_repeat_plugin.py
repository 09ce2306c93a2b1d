"""A pytest plugin that repeats one of a branch's tests with a failure, which must be reported.

It is copied into the sandbox and must not import anything of the bot. Code that fakes the results
of tests also fakes the result of this one, and is detected. The exit status and the output are
unaffected. Tests that the changed sources skip count as failed, and so do tests in a run in which a
changed file adds a plugin or a hook that it did not have at base.

A witness (the repeated test) cannot be recognised: its mark is added to its report after its
outcome is decided. The plugin's data is read from a file that is then removed, so that no
environment variable reveals it.
"""

import builtins
import json
import os
import random
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NoReturn

import pluggy
import pytest

_SKIP_MARKS = frozenset({"skip", "skipif", "xfail"})
_HANDED = "theseus_handed"
_FILE = Path(__file__).with_name("handed.json")


class _Run:
    """The state of one run: the secret, the files of the change, and the findings."""

    def __init__(self, config: pytest.Config, handed: dict[str, Any]) -> None:
        self.handed = handed
        self.secret = str(handed["secret"])
        self.mark = ("theseus-witness", self.secret)
        self.sources = frozenset(handed["sources"])
        self.ignored = frozenset(handed["ignored"])
        self.only = frozenset(handed["only"])
        self.hooks: dict[str, list[str]] = handed["hooks"]
        self.items: list[pytest.Item] = []
        self.reports: list[pytest.TestReport] = []
        self.failures: list[str] = []
        self.intruder = ""
        self._config = config
        self._seen: set[pluggy.HookImpl] = set()
        self._execute: object = None

    def start(self) -> None:
        """Record how hooks are called, before any test module is imported."""
        self._execute = self._config.pluginmanager._inner_hookexec

    def search_intruders(self) -> None:
        """Record the first plugin or hook that a changed file adds and did not have at base.

        It stays recorded even if its plugin is removed again.
        """
        manager = self._config.pluginmanager
        if self._execute is not None and manager._inner_hookexec is not self._execute:
            self.intruder = self.intruder or "calls of hooks are watched or replaced"
        for name, caller in list(vars(self._config.hook).items()):
            if not isinstance(caller, pluggy.HookCaller):
                self.intruder = self.intruder or f"the hook {name} is replaced"
                continue
            for implementation in caller.get_hookimpls():
                if implementation not in self._seen:
                    self._seen.add(implementation)
                    self._judge(
                        implementation.plugin,
                        {name, getattr(implementation.function, "__name__", name)},
                        implementation,
                    )

    def judge_plugin(self, plugin: object, name: str | None) -> None:
        """Check a plugin when it is registered; even one with only fixtures affects all tests."""
        file = _find_file(plugin)
        if file not in self.hooks or file in _early or Path(file).name == "conftest.py":
            return
        if getattr(plugin, "__name__", "") not in self._list_base_plugins():
            label = "" if name is None or name.isdigit() else f" named {name}"
            self.intruder = self.intruder or f"{self._format_path(file)} is a plugin{label}"

    def _judge(self, plugin: object, names: set[str], one: pluggy.HookImpl) -> None:
        code = getattr(getattr(one.function, "__func__", one.function), "__code__", None)
        file = os.path.realpath(code.co_filename) if code else ""
        for origin in (_find_file(plugin), file):
            if origin in self.hooks and names.isdisjoint(self.hooks[origin]):
                self.intruder = self.intruder or f"{self._format_path(origin)} brings {min(names)}"
        if self._execute is not None and not Path(file).exists():
            self.intruder = self.intruder or f"{min(names)} comes from no file"

    def _list_base_plugins(self) -> set[str]:
        """Return the plugins that base's conftest files name."""
        plugins = set(self.handed["plugins"])
        for plugin in self._config.pluginmanager.get_plugins():
            file = _find_file(plugin)
            if Path(file).name == "conftest.py" and file not in self.hooks:
                declared = getattr(plugin, "pytest_plugins", ())
                plugins |= {declared} if isinstance(declared, str) else set(declared)
        return plugins

    def _format_path(self, file: str) -> str:
        return os.path.relpath(file, self.handed["tree"])


_state: dict[str, _Run] = {}
_early: set[str] = set()


def _find_file(plugin: object) -> str:
    """Return the file of a plugin, or of its class."""
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    return os.path.realpath(getattr(module, "__file__", None) or "")


def _build_failing_test(shape: FunctionType, secret: str) -> Callable[[], NoReturn]:
    """Return a test that fails with the secret, with the file and name of another test."""

    def fail() -> NoReturn:
        raise AssertionError(secret)

    name = shape.__name__
    code = fail.__code__.replace(co_filename=shape.__code__.co_filename, co_name=name)
    namespace = {"__name__": shape.__module__, "__builtins__": vars(builtins)}
    return FunctionType(code, namespace, name, None, fail.__closure__)


class _Item(pytest.Item):
    """A failing test that needs no fixtures."""

    secret = ""

    def runtest(self) -> None:
        """Fail with the secret."""
        raise AssertionError(self.secret)

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Return the location for the report."""
        return self.session.name, None, self.name


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Record the plugins of base's own settings, which are loaded before any conftest."""
    _early.update(map(_find_file, early_config.pluginmanager.get_plugins()))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the data and remove its file; a worker receives the data from its controller."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        handed = worker.pop(_HANDED)
    else:
        handed = _resolve_paths(json.loads(_FILE.read_text(encoding="utf-8")))
        _FILE.unlink()
    _state["run"] = _Run(config, handed)
    for name, plugin in config.pluginmanager.list_name_plugin():
        _state["run"].judge_plugin(plugin, name)


def _resolve_paths(handed: dict[str, Any]) -> dict[str, Any]:
    """Return the data with the real paths of its files, wherever the tree is."""
    tree = _FILE.parents[1] / "tree"
    for key in ("sources", "ignored", "only"):
        handed[key] = [os.path.realpath(tree / file) for file in handed[key]]
    handed["hooks"] = {
        os.path.realpath(tree / file): names for file, names in handed["hooks"].items()
    }
    return {**handed, "tree": os.path.realpath(tree)}


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the data to a worker of pytest-xdist."""
    node.workerinput[_HANDED] = _state["run"].handed


@pytest.hookimpl(tryfirst=True)
def pytest_plugin_registered(plugin: object, plugin_name: str) -> None:
    """Check a plugin that is registered after the start."""
    if "run" in _state:
        _state["run"].judge_plugin(plugin, plugin_name)


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Check all plugins and hooks before a test module is imported."""
    run = _state["run"]
    run.search_intruders()
    run.start()


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the test files that run separately."""
    run, file = _state["run"], os.path.realpath(collection_path)
    if file in run.ignored:
        return True
    return True if run.only and Path(file).is_file() and file not in run.only else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the witnesses at the end, after all sources were loaded."""
    run = _state["run"]
    run.search_intruders()
    plain = [item for item in items if type(item) is pytest.Function and item.parent is not None]
    plain = [item for item in plain if not any(m.name in _SKIP_MARKS for m in item.iter_markers())]
    if plain:
        # The seed makes every worker choose the same test.
        chosen = random.Random(run.secret).choice(plain)  # noqa: S311
        failing_test = _build_failing_test(chosen.function, run.secret)
        run.items.append(
            pytest.Function.from_parent(chosen.parent, name=chosen.name, callobj=failing_test)
        )
    if items:
        independent_test = _Item.from_parent(session, name=items[-1].name)
        independent_test.secret = run.secret
        run.items.append(independent_test)
    items += run.items


def _is_ours(report: pytest.TestReport | pytest.CollectReport) -> bool:
    mark = _state["run"].mark
    return any(tuple(pair) == mark for pair in getattr(report, "user_properties", ()))


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Hide the witnesses from the output."""
    return ("", "", "") if _is_ours(report) else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a test that the changed sources skipped into a failure."""
    report = yield
    run = _state["run"]
    if any(item is witness for witness in run.items):
        run.reports.append(report)
    if report.skipped and call.excinfo is not None:
        _refuse(report, [str(entry.path) for entry in call.excinfo.traceback])
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn tests that the changed sources left out into a failure."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        _refuse(report, [str(report.longrepr[0])])
    return report


def _refuse(report: pytest.TestReport | pytest.CollectReport, by: Sequence[str]) -> None:
    sources = _state["run"].sources
    if source := next((path for path in by if os.path.realpath(path) in sources), ""):
        report.outcome = "failed"
        report.longrepr = f"skipped by the changed sources: {source}"
        vars(report).pop("wasxfail", None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Mark the witnesses' reports, and fail other tests if there is an intruder."""
    run = _state["run"]
    run.search_intruders()
    if any(report is witness_report for witness_report in run.reports):
        report.user_properties.append(run.mark)
    if _is_ours(report):
        if report.failed:
            run.failures.append(report.nodeid)
    elif run.intruder and report.when == "call":
        report.outcome = "failed"
        report.longrepr = f"{run.handed['intrusion']}: {run.intruder}"
        vars(report).pop("wasxfail", None)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Set the exit status that the run would have without the witnesses."""
    failed = session.exitstatus == pytest.ExitCode.TESTS_FAILED
    run = _state["run"]
    if failed and session.testsfailed == len(run.failures) and not run.intruder:
        session.exitstatus = pytest.ExitCode.OK

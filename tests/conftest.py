"""Fixtures and rules for every test: no real keys, a temporary home, no network.

The file stays small, because the checks of a proposed change start pytest with it several times.
"""

import gc
import importlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import pytest

from tests.support.description_plugin import DescriptionPlugin
from tests.support.temporary_files import use_memory

Entry = TypeVar("Entry")
OURS = ("THESEUS_", "ANTHROPIC_", "DISCORD_", "GITHUB_", "GH_", "CLAUDE_", "GIT_")
HERE = re.compile(
    r"localhost|(.+\.)?(localhost|invalid)|127(\.\d+){3}|::1|::ffff:127.*|0\.0\.0\.0|::"
)
# What is optional, by the package one of its modules is missing of, and how to get it.
EXTRAS = {
    "claude_agent_sdk": "the claude engine (make claude)",
    "mcp": "the claude engine (make claude)",
    "uvicorn": "the claude engine (make claude)",
    "matplotlib": "pictures (make install)",
    **dict.fromkeys(
        ("aiosmtpd", "githubkit_schemas", "playwright", "psycopg"),
        "packages for tests (make servers)",
    ),
}
# What may be missing on a machine of one's own, but not where CI=true promises everything.
MAY_BE_MISSING = re.compile("no browser|bubblewrap")

ROOT = Path(__file__).resolve().parents[1]
# Looked up before `pytest_configure` takes our variables away.
_described = os.environ.get("THESEUS_DISCORD_OPENAPI")

_home = Path(os.devnull)
_left: list[str] = []  # where the present test tried to go


def pytest_configure(config: pytest.Config) -> None:
    """Take away what a developer's own environment would let a test reach or depend on."""
    global _home
    for name in list(os.environ):
        if name.startswith(OURS) or name.lower().endswith("_proxy"):
            del os.environ[name]
    use_memory()
    _home = Path(tempfile.mkdtemp(prefix="theseus-tests-home-"))
    os.environ["HOME"] = str(_home)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        os.environ.pop(name, None)
    sys.addaudithook(_guard)
    file = Path(_described) if _described else ROOT / "tests/support/discord_api/openapi.json"
    config.pluginmanager.register(DescriptionPlugin(file), "discord-description")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the home."""
    shutil.rmtree(_home, ignore_errors=True)


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse to look up or connect to anything but this machine."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # others are Unix sockets
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    name = host.decode(errors="replace") if isinstance(host, bytes) else host
    if isinstance(name, str) and name and not HERE.fullmatch(name):
        _left.append(name)
        raise PermissionError(f"a test tried to reach {name}; tests stay on this machine")


@pytest.fixture(scope="session")
def discord_description(pytestconfig: pytest.Config) -> object:
    """Return Discord's description of its API."""
    plugin = pytestconfig.pluginmanager.get_plugin("discord-description")
    assert isinstance(plugin, DescriptionPlugin)
    return plugin.load_description()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that tried to leave this machine, whatever it made of the refusal."""
    _left.clear()
    result = yield
    if _left:
        pytest.fail(f"the test tried to reach {', '.join(sorted(set(_left)))}")
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip a test that needs a missing optional package; with CI=true, nothing may be missing."""
    report = yield
    promised = os.environ.get("CI") == "true"
    if report.skipped and promised and MAY_BE_MISSING.search(str(call.excinfo)):
        report.outcome = "failed"
        report.longrepr = f"with CI=true nothing may be missing: {call.excinfo}"
    missing = call.excinfo and missing_extra(call.excinfo.value)
    if missing and not promised:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, f"Skipped: needs {missing}")
    return report


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Start one worker more than there are cores: each waits a quarter of its time.

    For the disk, mostly, and for what is to happen after a while. A number that is asked for holds.
    """
    cores = yield
    return cores if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else cores + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude the imported test modules from garbage collection: they stay until the end.

    What our code logs goes to `caplog`; most test files import structlog, others do not need it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        if "structlog" in sys.modules:
            importlib.import_module("bot.infra.standard_logs").use_standard_logging()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Skip a file that needs an optional package that is missing; with CI=true, skip nothing.

    Each worker collects a folder from another entry on: on a fresh clone, they would otherwise all
    compile the same file at the same time.
    """
    report = yield
    if report.passed and isinstance(collector, pytest.Dir):
        report.result = rotate_share(report.result)
    call: pytest.CallInfo[object] | None = getattr(report, "call", None)
    missing = call and call.excinfo and missing_extra(call.excinfo.value)
    if missing and os.environ.get("CI") != "true":
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: needs {missing}")
    return report


def rotate_share(entries: list[Entry]) -> list[Entry]:
    """Return the entries beginning with the share of this worker; unchanged without workers."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first = len(entries) * (number % workers) // workers
    return entries[first:] + entries[:first]


def missing_extra(
    error: BaseException, extras: Mapping[str, str] = MappingProxyType(EXTRAS)
) -> str | None:
    """Return the extra whose absence caused this failed import, or `None`.

    A missing module of an installed package belongs to no extra: that is a fault.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ModuleNotFoundError):
        cause = getattr(cause, "cause", None) or cause.__cause__  # that of a conftest is named so
    package = (cause.name or "").partition(".")[0] if cause is not None else ""
    if package in extras and importlib.util.find_spec(package) is None:
        return extras[package]
    return None


def _has_slow(file: Path) -> bool:
    return b"mark.slow" in file.read_bytes()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave alone what has no slow test where only those are wanted: importing all takes long."""
    wanted = str(config.getoption("markexpr")).split()
    only_slow = wanted[:1] == ["slow"] and "or" not in wanted
    if only_slow and collection_path.suffix == ".py" and not _has_slow(collection_path):
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a slow test whose file does not say so itself: it would never be run."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: item.path)  # every worker must have the same order in the end
    for file in {item.path for item in items if item.get_closest_marker("slow")}:
        if not _has_slow(file):
            raise pytest.UsageError(f"{file}: mark slow tests with `pytest.mark.slow`, by name")


def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Make property tests repeatable; hypothesis is slow to import, so only where it is used."""
    if b"hypothesis" in module_path.read_bytes():
        settings = importlib.import_module("hypothesis").settings
        settings.register_profile("theseus", derandomize=True, deadline=None, print_blob=True)
        settings.load_profile("theseus")

"""A pytest plugin that runs beside a branch's tests: one of them is repeated, and has to fail.

It is copied into the sandbox and stands alone: nothing else of ours is to be had there. Who passes
whatever a test says passes this one too. The exit status and what is printed are as without it. A
test that the changed sources themselves skip has failed.
"""

import os
import random
from collections.abc import Generator, Sequence
from typing import NoReturn

import pytest

_WORD = os.environ.get("THESEUS_WITNESS", "")
_CHANGED = frozenset(os.environ.get("THESEUS_CHANGED", "").split(os.pathsep))
_MARK = ("theseus-witness", _WORD)
_APART = frozenset({"skip", "skipif", "xfail"})
_failures: list[str] = []


def _fails() -> NoReturn:
    raise AssertionError(_WORD)


class _RepeatedTest(pytest.Item):
    """One that needs no fixture of anybody's."""

    def runtest(self) -> None:
        """Fail."""
        _fails()

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Return what it is called."""
        return self.session.name, None, self.name


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add them at the end, where every source has been loaded."""
    plain = [item for item in items if type(item) is pytest.Function and item.parent is not None]
    told = [item for item in plain if not any(m.name in _APART for m in item.iter_markers())]
    added: list[pytest.Item] = []
    if items:
        added.append(_RepeatedTest.from_parent(session, name=items[-1].name))
    if told:
        again = random.Random(_WORD).choice(told)  # noqa: S311 - the same one in every worker
        added.insert(0, pytest.Function.from_parent(again.parent, name=again.name, callobj=_fails))
    for item in added:
        item.user_properties.append(_MARK)
    items += added


def _ours(report: pytest.TestReport | pytest.CollectReport) -> bool:
    return any(tuple(pair) == _MARK for pair in getattr(report, "user_properties", ()))


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Say nothing of them to people."""
    return ("", "", "") if _ours(report) else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a failure of a test that the changed sources skipped."""
    report = yield
    if report.skipped and call.excinfo is not None:
        _refuse(report, [str(entry.path) for entry in call.excinfo.traceback])
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Make a failure of tests that the changed sources had left out."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        _refuse(report, [str(report.longrepr[0])])
    return report


def _refuse(report: pytest.TestReport | pytest.CollectReport, by: Sequence[str]) -> None:
    if who := next((path for path in by if os.path.realpath(path) in _CHANGED), ""):
        report.outcome = "failed"
        report.longrepr = f"skipped by the changed sources: {who}"
        vars(report).pop("wasxfail", None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep in mind which failures are theirs."""
    if report.failed and _ours(report):
        _failures.append(report.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End as it would have without them."""
    failed = session.exitstatus == pytest.ExitCode.TESTS_FAILED
    if failed and session.testsfailed == len(_failures):
        session.exitstatus = pytest.ExitCode.OK

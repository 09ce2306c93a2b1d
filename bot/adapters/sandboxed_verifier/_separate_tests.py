"""Runs tests so that those of a change cannot influence the others.

A test file can change its process (with a plugin, a hook, a replaced module, or a patch of pytest)
and so affect every test there. Therefore unchanged tests run without the change's test files, which
are not even imported, and each changed test file runs alone. A plugin (`_repeat_plugin.py`) repeats
a test with a failure, and reports hooks of changed files.
"""

import ast
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from theseus_guard import is_test_file
from theseus_guard.records import FileChange
from theseus_guard.syntax import parse
from theseus_rehearsal.ports.sandbox import Completed

from bot.adapters.sandboxed_verifier._check_runner import BESIDE, CheckRunner
from bot.adapters.sandboxed_verifier._commands import REPORT, add_report
from bot.adapters.sandboxed_verifier._machinery import CONFTEST
from bot.adapters.sandboxed_verifier._results import (
    INTRUSION,
    PytestReport,
    judge_reports,
    parse_report,
)
from bot.adapters.sandboxed_verifier._test_selection import is_test, iterate_python_files
from bot.domain.queued_work import CheckCommand, CommandOutcome
from bot.ports.workspace import Workspace

_PLUGIN = "theseus_witness"
_SOURCE = Path(__file__).with_name("_repeat_plugin.py")
_NO_TESTS = 5  # pytest's exit status if no test was collected
_HOOK = re.compile(r"\bdef\s+(pytest_\w+)")


class PytestPart(NamedTuple):
    """A pytest command for some of the tests: without the files `ignored`, or with `only` one."""

    command: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    only: str = ""


class ChangedPython(NamedTuple):
    """The plugin's data about a change.

    `sources` are its changed files that are not tests. `hooks` are the hooks that each of its
    Python files had at base, `plugins` the modules that its conftest files named there.
    """

    sources: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    hooks: Mapping[str, tuple[str, ...]] = {}
    plugins: tuple[str, ...] = ()


async def read_change(
    workspace: Workspace, python: Sequence[str], *, at_base: bool
) -> ChangedPython:
    """Return the data about a change; `python` are its changed Python files that exist."""
    sources = tuple(file for file in python if not is_test_file(file))
    if at_base:
        return ChangedPython(sources)
    files = [change for change in await workspace.list_changes() if _is_python(change)]
    texts = {change.path: await workspace.read_base(change.path) or "" for change in files}
    conftests = [text for path, text in texts.items() if PurePosixPath(path).name == CONFTEST]
    return ChangedPython(
        sources=sources,
        tests=tuple(path for path in texts if is_test(path)),
        hooks={path: tuple(_HOOK.findall(text)) for path, text in texts.items()},
        plugins=tuple(name for text in conftests for name in _list_plugins(text)),
    )


def _is_python(change: FileChange) -> bool:
    return change.status != "deleted" and change.path.endswith(".py")


def _list_plugins(text: str) -> list[str]:
    """Return the texts that a conftest assigns to `pytest_plugins`."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    assigned = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "pytest_plugins" for t in node.targets)
    ]
    constants = [constant for value in assigned for constant in ast.walk(value)]
    return [str(constant.value) for constant in constants if isinstance(constant, ast.Constant)]


def separate(command: Sequence[str], tests: Sequence[str], tree: Path) -> list[PytestPart]:
    """Split a pytest command into parts; `tests` are the change's test files."""
    named = _find_named_tests(command, tree)
    reached = [
        test
        for test in tests
        if not named
        or test in named.values()
        or any((tree / argument).is_dir() for argument in command)
    ]
    if not reached:
        return [PytestPart(tuple(command))]
    parts: list[PytestPart] = []
    other_tests = set(named.values()) - set(tests) if named else _list_other_tests(tree, tests)
    if other_tests:
        arguments = [
            argument for index, argument in enumerate(command) if named.get(index, "") not in tests
        ]
        parts.append(PytestPart(tuple(arguments), ignored=tuple(tests)))
    for test in reached:
        arguments = [
            argument for index, argument in enumerate(command) if named.get(index, test) == test
        ]
        parts.append(PytestPart(tuple(arguments), only=test))
    return parts


def _find_named_tests(command: Sequence[str], tree: Path) -> dict[int, str]:
    """Return the test files that a command names, by position, without values of options."""
    named: dict[int, str] = {}
    for index, argument in enumerate(command):
        file = argument.partition("::")[0].removeprefix("./")
        is_value = (
            index > 0 and command[index - 1].startswith("--") and "=" not in command[index - 1]
        )
        if not is_value and is_test(file) and (tree / file).is_file():
            named[index] = file
    return named


def _list_other_tests(tree: Path, tests: Sequence[str]) -> set[str]:
    return {file for file in iterate_python_files(tree) if is_test(file)} - set(tests)


async def run_tests(
    runner: CheckRunner, command: Sequence[str], place: Path, change: ChangedPython, seconds: float
) -> tuple[Completed, PytestReport | None]:
    """Run a pytest command in `place/tree`; return its result and its report.

    The change's own tests run last, so that other tests cannot read what they write.
    """
    ends: list[tuple[Completed, PytestReport | None]] = []
    for number, part in enumerate(separate(command, change.tests, place / "tree")):
        folder, secret = f"own-{number}", secrets.token_hex(8)
        report = f"{folder}/{REPORT}"

        def read(
            outcome: CommandOutcome, secret: str = secret, name: str = report
        ) -> PytestReport | None:
            return parse_report(outcome.files.get(name), secret)

        work = CheckCommand(
            words=(*add_report(part.command, BESIDE / report), "-p", _PLUGIN),
            seconds=seconds,
            inputs=_build_plugin(folder, secret, part, change),
            outputs=(report,),
            python_path=(folder,),
        )
        result = await runner.run(
            place, work, lambda outcome: judge_reports(outcome, [read(outcome)])
        )
        if part.only and result.returncode == _NO_TESTS and ends:
            continue
        ends.append((result, read(result)))
        if result.timed_out:
            break
    return _join(ends)


def _build_plugin(
    folder: str, secret: str, part: PytestPart, change: ChangedPython
) -> Mapping[str, str]:
    """Return the files of the plugin, whose witnesses fail with the secret."""
    data: dict[str, Any] = {
        "secret": secret,
        "intrusion": INTRUSION,
        "sources": change.sources,
        "ignored": part.ignored,
        "only": [part.only] if part.only else [],
        "hooks": dict(change.hooks),
        "plugins": change.plugins,
    }
    return {
        f"{folder}/{_PLUGIN}.py": _SOURCE.read_text(encoding="utf-8"),
        f"{folder}/handed.json": json.dumps(data),
    }


def _join(
    ends: Sequence[tuple[Completed, PytestReport | None]],
) -> tuple[Completed, PytestReport | None]:
    """Combine several runs into one, which ends like the first that failed."""
    if len(ends) == 1:
        return ends[0]
    results, reports = [combined for combined, _ in ends], [report for _, report in ends]
    first_failed = next(
        (combined for combined in results if combined.timed_out or combined.returncode), results[0]
    )
    combined = first_failed.replace(
        output="".join(result.output for result in results),
        seconds=sum(result.seconds for result in results),
    )
    present = [report for report in reports if report is not None]
    if len(present) < len(reports):
        return combined, None
    return combined, PytestReport(
        sum(report.passed for report in present),
        sum(report.skipped for report in present),
        tuple(failure for report in present for failure in report.failures),
        all(report.testified for report in present if report.ran),
    )

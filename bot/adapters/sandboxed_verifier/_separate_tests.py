"""Running tests so that those of a change cannot influence the others.

Whatever a test file does to its process (a plugin, a hook, a module put in the place of another,
pytest itself patched) reaches every test that runs there. So tests that the change leaves alone run
without its test files, which are not even imported, and each of those runs alone. A plugin beside
them (`_repeat_plugin.py`) repeats a test that has to fail, and reports what a changed file hooks.
"""

import ast
import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from bot.adapters.sandboxed_verifier._commands import REPORT, add_report
from bot.adapters.sandboxed_verifier._machinery import CONFTEST
from bot.adapters.sandboxed_verifier._results import INTRUSION, PytestReport, read_report
from bot.adapters.sandboxed_verifier._test_selection import is_test, iterate_python_files
from bot.domain.change import FileChange
from bot.guards import is_test_file
from bot.infra.syntax import parse
from bot.ports.sandbox import Completed, Sandbox, SandboxLimits
from bot.ports.workspace import Workspace

_PLUGIN = "theseus_witness"
_SOURCE = Path(__file__).with_name("_repeat_plugin.py")
_NO_TESTS = 5  # pytest's exit status where nothing was collected
_HOOK = re.compile(r"\bdef\s+(pytest_\w+)")


class PytestPart(NamedTuple):
    """A pytest command for some of the tests: without the files `ignored`, or with `only` one."""

    command: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    only: str = ""


class ChangedPython(NamedTuple):
    """What the plugin has to know of a change.

    `sources` are its changed files that are no tests. `hooks` are the hooks that each of its Python
    files had at base, `plugins` the modules that its conftests named there.
    """

    sources: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    hooks: Mapping[str, tuple[str, ...]] = {}
    plugins: tuple[str, ...] = ()


async def read_change(
    workspace: Workspace, python: Sequence[str], *, at_base: bool
) -> ChangedPython:
    """Return what a workspace changes; `python` are its changed Python files that are there."""
    sources = tuple(file for file in python if not is_test_file(file))
    if at_base:
        return ChangedPython(sources)
    files = [each for each in await workspace.list_changes() if _is_python(each)]
    texts = {each.path: await workspace.read_base(each.path) or "" for each in files}
    named = [text for path, text in texts.items() if PurePosixPath(path).name == CONFTEST]
    return ChangedPython(
        sources=sources,
        tests=tuple(path for path in texts if is_test(path)),
        hooks={path: tuple(_HOOK.findall(text)) for path, text in texts.items()},
        plugins=tuple(name for text in named for name in _list_plugins(text)),
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
    constants = [each for value in assigned for each in ast.walk(value)]
    return [str(each.value) for each in constants if isinstance(each, ast.Constant)]


def separate(command: Sequence[str], tests: Sequence[str], tree: Path) -> list[PytestPart]:
    """Return the runs that a pytest command becomes; `tests` are the test files of the change."""
    named = _find_named_tests(command, tree)
    reached = [
        test
        for test in tests
        if not named or test in named.values() or any((tree / each).is_dir() for each in command)
    ]
    if not reached:
        return [PytestPart(tuple(command))]
    parts: list[PytestPart] = []
    kept = set(named.values()) - set(tests) if named else _list_other_tests(tree, tests)
    if kept:
        words = [word for at, word in enumerate(command) if named.get(at, "") not in tests]
        parts.append(PytestPart(tuple(words), ignored=tuple(tests)))
    for test in reached:
        words = [word for at, word in enumerate(command) if named.get(at, test) == test]
        parts.append(PytestPart(tuple(words), only=test))
    return parts


def _find_named_tests(command: Sequence[str], tree: Path) -> dict[int, str]:
    """Return the test files that a command names, by their place; not the values of options."""
    found: dict[int, str] = {}
    for at, word in enumerate(command):
        file = word.partition("::")[0].removeprefix("./")
        is_value = at > 0 and command[at - 1].startswith("--") and "=" not in command[at - 1]
        if not is_value and is_test(file) and (tree / file).is_file():
            found[at] = file
    return found


def _list_other_tests(tree: Path, tests: Sequence[str]) -> set[str]:
    return {file for file in iterate_python_files(tree) if is_test(file)} - set(tests)


async def run_tests(
    sandbox: Sandbox,
    command: Sequence[str],
    place: Path,
    change: ChangedPython,
    limits: SandboxLimits,
) -> tuple[Completed, PytestReport | None]:
    """Run a pytest command in `place/tree`, and return how it ended and what it reported.

    Tests of the change come last: what they write, no other test reads.
    """
    ends: list[tuple[Completed, PytestReport | None]] = []
    for number, part in enumerate(separate(command, change.tests, place / "tree")):
        own = place / f"own-{number}"
        secret = _write_plugin(own, part, change, place / "tree")
        done = await sandbox.run(
            [*add_report(part.command, own / REPORT), "-p", _PLUGIN],
            cwd=place / "tree",
            writable=[place],
            env={"PYTHONPATH": os.pathsep.join((str(own), str(place / "tree")))},
            limits=limits,
        )
        if part.only and done.returncode == _NO_TESTS and ends:
            continue
        ends.append((done, read_report(own / REPORT, secret)))
        if done.timed_out:
            break
    return _join(ends)


def _write_plugin(own: Path, part: PytestPart, change: ChangedPython, tree: Path) -> str:
    """Write the plugin and what it reads; return what its witnesses fail with."""
    secret = secrets.token_hex(8)
    own.mkdir()
    (own / f"{_PLUGIN}.py").write_bytes(_SOURCE.read_bytes())

    def resolve(file: str) -> str:
        return os.path.realpath(tree / file)

    handed: dict[str, Any] = {
        "secret": secret,
        "intrusion": INTRUSION,
        "tree": os.path.realpath(tree),
        "sources": [resolve(file) for file in change.sources],
        "ignored": [resolve(file) for file in part.ignored],
        "only": [resolve(part.only)] if part.only else [],
        "hooks": {resolve(file): hooks for file, hooks in change.hooks.items()},
        "plugins": change.plugins,
    }
    (own / "handed.json").write_text(json.dumps(handed), encoding="utf-8")
    return secret


def _join(
    ends: Sequence[tuple[Completed, PytestReport | None]],
) -> tuple[Completed, PytestReport | None]:
    """Return several runs as one: it ends as the first that failed."""
    if len(ends) == 1:
        return ends[0]
    dones, reports = [done for done, _ in ends], [report for _, report in ends]
    worst = next((done for done in dones if done.timed_out or done.returncode), dones[0])
    done = worst.replace(
        output="".join(each.output for each in dones), seconds=sum(each.seconds for each in dones)
    )
    known = [report for report in reports if report is not None]
    if len(known) < len(reports):
        return done, None
    return done, PytestReport(
        sum(report.passed for report in known),
        sum(report.skipped for report in known),
        tuple(failure for report in known for failure in report.failures),
        all(report.testified for report in known if report.ran),
    )

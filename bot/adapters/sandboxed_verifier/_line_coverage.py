"""Measures which lines of changed files the nearest tests run."""

import itertools
import json
import shutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from theseus_guard.completion import run_in_thread
from theseus_guard.source_folders import build_python_path
from theseus_rehearsal import runner
from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits
from theseus_rehearsal.temporary_folder import open_temporary_folder

from bot.adapters.sandboxed_verifier._commands import (
    AFFECTED,
    expand,
    find_kind,
    find_tool,
    present_python,
)
from bot.adapters.sandboxed_verifier._test_selection import select_affected_tests
from bot.domain.checks import Check
from bot.domain.errors import VerifierError
from bot.ports.coverage_meter import Lines

_PLUGIN = Path(__file__).with_name("_line_plugin.py")
_TRACE = Path(runner.__path__[0]) / "line_trace.py"
_NAME = "theseus_lines"
_FAILED = 1  # pytest's exit status if tests failed; others except 0 mean that it did not finish
_NEAREST, _MOST_TESTS = 2, 12
_MOST_BYTES = 10_000_000
_Lines = TypeAdapter(dict[str, set[int]])


async def run_nearest_tests(
    sandbox: Sandbox,
    checks: Sequence[Check],
    tree: Path,
    files: Collection[str],
    is_enough: Callable[[Lines], bool],
    interpreter: str = sys.executable,
) -> Lines:
    """Return the lines of `files` that the tests of these checks run in `tree`.

    The few nearest tests run first, and the others unless these lines are enough. Raises
    `VerifierError` if no check runs pytest, or if it does not finish.
    """
    tests = [c for c in checks if find_kind(c) == "tests" and find_tool(c.command) == "pytest"]
    if not tests:
        raise VerifierError("no check runs pytest")
    python = present_python(tree, sorted(files))
    affected = await run_in_thread(lambda: select_affected_tests(tree, python, cap=_MOST_TESTS))
    found: dict[str, set[int]] = {}
    parts = (affected[:_NEAREST], affected[_NEAREST:])
    for check, some in itertools.product(tests, parts):
        if is_enough(found) or (some is parts[1] and AFFECTED not in check.command):
            continue
        command = expand(check, python, some, python=interpreter)
        if command is None:  # without tests that reach the change, there is nothing to run
            continue
        for file, lines in (await _run(sandbox, check, command, tree, python)).items():
            found.setdefault(file, set()).update(lines)
    return found


async def _run(
    sandbox: Sandbox, check: Check, command: Sequence[str], tree: Path, files: Sequence[str]
) -> Mapping[str, set[int]]:
    async with open_temporary_folder("theseus-lines-") as folder:
        shutil.copyfile(_PLUGIN, folder / f"{_NAME}.py")
        shutil.copyfile(_TRACE, folder / "theseus_line_trace.py")
        wanted = json.dumps({"tree": str(tree), "files": list(files)})
        (folder / "files.json").write_text(wanted, encoding="utf-8")
        result = await sandbox.run(
            [*command, "-p", "no:cacheprovider", "-p", _NAME],
            cwd=tree,
            writable=[tree, folder],
            env={"PYTHONPATH": f"{build_python_path(tree)}:{folder}"},
            limits=SandboxLimits(seconds=check.seconds),
        )
        if result.timed_out:
            raise VerifierError(f"the check {check.name} took over {check.seconds:g} s")
        outputs = await run_in_thread(lambda: sorted(folder.glob("lines-*.json")))
        if result.returncode not in (0, _FAILED) or not outputs:
            raise VerifierError(f"the check {check.name} ended with status {result.returncode}")
        return await run_in_thread(lambda: _read(outputs, files))


def _read(outputs: Sequence[Path], files: Collection[str]) -> dict[str, set[int]]:
    """Return the lines that the processes wrote. The tested code may have written anything."""
    found: dict[str, set[int]] = {}
    for output in outputs:
        try:
            with output.open("rb") as opened:
                lines = _Lines.validate_json(opened.read(_MOST_BYTES))
        except (OSError, ValidationError) as error:
            raise VerifierError("the lines that ran cannot be read") from error
        for file in lines.keys() & set(files):
            found.setdefault(file, set()).update(lines[file])
    return found

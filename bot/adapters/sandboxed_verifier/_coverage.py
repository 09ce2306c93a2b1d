"""Measures coverage: runs the full checks' tests of a commit once, and notes entered functions."""

import ast
import json
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from theseus_guard.completion import run_in_thread
from theseus_guard.source_folders import build_python_path
from theseus_guard.syntax import parse
from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits
from theseus_rehearsal.temporary_folder import open_temporary_folder
from theseus_repair.shared_lock import SharedLock

from bot.adapters.sandboxed_verifier._commands import AFFECTED, expand, find_kind, find_tool
from bot.adapters.sandboxed_verifier._line_coverage import run_nearest_tests
from bot.domain.checks import Check, Checks
from bot.domain.code_coverage import CodeCoverage, UnrunFunction
from bot.domain.errors import ConfigError, VerifierError
from bot.ports.coverage_meter import Lines
from bot.ports.trees import CommitTrees
from bot.settings import parse_checks

_PLUGIN = Path(__file__).with_name("_coverage_plugin.py")
_NAME = "theseus_entered"
_FAILED = 1  # pytest's exit status if tests failed; others except 0 mean that it did not finish
_MOST = 200  # characters of pytest's output
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class SandboxedCoverage:
    """Implements `CoverageMeter` for the Python files in `folder` of a commit.

    The checks are those in `config` at the commit; `fixed` are those of another bot, run with its
    `python`.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        trees: CommitTrees,
        *,
        folder: str = "cogs",
        config: str = "data/config.yaml",
        load: SharedLock | None = None,
        fixed: Checks | None = None,
        python: str = sys.executable,
    ) -> None:
        self._sandbox, self._trees = sandbox, trees
        self._folder, self._config = folder, config
        self._load = load or SharedLock()
        self._fixed, self._python = fixed, python

    async def measure(self, commit: str) -> CodeCoverage:
        """Run the tests on a temporary copy of the commit. Raises `VerifierError`."""
        entered: set[tuple[str, int]] = set()
        passed = True
        async with self._load.hold_shared(), self._trees.open_tree(commit) as tree:
            functions = await run_in_thread(lambda: dict(_iterate_functions(tree, self._folder)))
            for check in await self._list_test_checks(commit):
                newly_entered, problem, all_passed = await self._run(check, tree)
                if problem:
                    return CodeCoverage(commit=commit, problem=problem)
                entered |= newly_entered
                passed = passed and all_passed
        unrun = tuple(function for key, function in functions.items() if key not in entered)
        return CodeCoverage(
            commit=commit, functions=len(functions), unrun=unrun, tests_passed=passed
        )

    async def measure_lines(
        self, base: str, head: str, files: Collection[str], is_enough: Callable[[Lines], bool]
    ) -> Lines:
        """Run the tests on a temporary copy of head, as base configures them."""
        found = await self._read_checks(base)
        checks = found.quick if self._fixed is None else _choose_nearest(found)
        async with self._load.hold_shared(), self._trees.open_tree(head) as tree:
            return await run_nearest_tests(
                self._sandbox, checks, tree, files, is_enough, self._python
            )

    async def _read_checks(self, commit: str) -> Checks:
        if self._fixed is not None:
            return self._fixed
        source = f"{self._config} at {commit[:10]}"
        text = await self._trees.read_at(commit, self._config)
        if text is None:
            raise VerifierError(f"{source} cannot be read: it is not there, or not text")
        try:
            return parse_checks(text, source)
        except ConfigError as error:
            raise VerifierError(f"{source} cannot be read: {error}") from error

    async def _list_test_checks(self, commit: str) -> list[Check]:
        """Return the full checks that run pytest. Raises `VerifierError`."""
        checks = await self._read_checks(commit)
        tests = [
            c for c in checks.full if find_kind(c) == "tests" and find_tool(c.command) == "pytest"
        ]
        if not tests:
            source = f"{self._config} at {commit[:10]}"
            raise VerifierError(f"{source} has no pytest command in `checks.full`; add one.")
        return tests

    async def _run(self, check: Check, tree: Path) -> tuple[set[tuple[str, int]], str, bool]:
        """Return the entered functions, why there is no result, and whether all tests passed."""
        command = expand(check, (), (), python=self._python)
        if command is None:
            return set(), f"the check {check.name} in `checks.full` names no fixed tests", False
        async with open_temporary_folder("theseus-coverage-") as folder:
            shutil.copyfile(_PLUGIN, folder / f"{_NAME}.py")
            (folder / "tree.txt").write_text(str(tree), encoding="utf-8")
            result = await self._sandbox.run(
                [*command, "-p", "no:cacheprovider", "-p", _NAME],
                cwd=tree,
                writable=[tree, folder],
                env={"PYTHONPATH": f"{build_python_path(tree)}:{folder}"},
                limits=SandboxLimits(seconds=check.seconds),
            )
            if result.timed_out:
                return set(), f"the check {check.name} took over {check.seconds:g} s", False
            outputs = await run_in_thread(lambda: sorted(folder.glob("entered-*.json")))
            # Without a file, Python itself ended with 1, or the plugin could not write.
            if result.returncode not in (0, _FAILED) or not outputs:
                end = result.output.strip()[-_MOST:]
                problem = f"the check {check.name} ended with status {result.returncode}: {end}"
                return set(), problem, False
            return await run_in_thread(_read, outputs), "", result.returncode == 0


def _choose_nearest(checks: Checks) -> tuple[Check, ...]:
    """Return the first check that runs pytest, for the nearest tests alone."""
    for check in (*checks.quick, *checks.full):
        if find_tool(check.command) == "pytest":
            words = (each for each in check.command if each != AFFECTED)
            return (check.replace(command=(*words, AFFECTED)),)
    return ()


def _read(files: Sequence[Path]) -> set[tuple[str, int]]:
    """Return the entered functions that the processes of the run wrote."""
    return {
        (file, line)
        for output in files
        for file, line in json.loads(output.read_text(encoding="utf-8"))
    }


def _iterate_functions(tree: Path, folder: str) -> Iterator[tuple[tuple[str, int], UnrunFunction]]:
    """Yield the functions below a folder, by file and first line, except empty ones."""
    for path in sorted((tree / folder).rglob("*.py")):
        file = path.relative_to(tree).as_posix()
        try:
            module = parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            raise VerifierError(f"{file} cannot be read as Python: {error}") from error
        for name, node in _iterate_named(module, ""):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            lines = (node.end_lineno or node.lineno) - first + 1
            yield (file, first), UnrunFunction(file=file, name=name, lines=lines)


def _iterate_named(node: ast.AST, around: str) -> Iterator[tuple[str, _Function]]:
    for child in ast.iter_child_nodes(node):
        inner = around
        if isinstance(child, ast.ClassDef | _Function):
            inner = f"{around}{child.name}."
        if isinstance(child, _Function) and not _is_empty(child):
            yield inner[:-1], child
        yield from _iterate_named(child, inner)


def _is_empty(function: _Function) -> bool:
    """Return whether a function is only a declaration: a docstring and `...`, as in a protocol."""
    last = function.body[-1]
    return (
        len(function.body) <= 2  # the docstring and the dots
        and isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Constant)
        and last.value.value is ...
    )

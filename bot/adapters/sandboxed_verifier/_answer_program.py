"""The program that evaluates the last statements of tests: it imports once, and forks for each.

Its text is run with `python -c` in the sandbox, so it needs the standard library alone. The
arguments are pairs: the file with a test's source, and the file for the value. A test whose call
raises gets no file.
"""

import ast
import contextlib
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def evaluate(source: Path, output: Path) -> None:
    """Write the value of the call that is the last statement of the test."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    function: Any = tree.body[-1]
    call = function.body[-1]
    function.body[-1] = ast.copy_location(ast.Return(call.value), call)
    names: dict[str, Any] = {"__name__": "reproduction"}
    exec(compile(tree, str(source), "exec"), names)  # noqa: S102 - it runs in the sandbox
    unfinished = output.with_suffix(".new")
    unfinished.write_text(repr(names[function.name]()), encoding="utf-8")
    unfinished.replace(output)


def iterate_imports(source: Path) -> Iterator[str]:
    """Yield the modules that a test imports, and names in them, which may be modules too."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def import_needed(sources: Sequence[Path]) -> None:
    """Import what the tests import; an import that fails will fail again in its test."""
    for name in dict.fromkeys(name for source in sources for name in iterate_imports(source)):
        with contextlib.suppress(BaseException):
            importlib.import_module(name)


def evaluate_in_fork(source: Path, output: Path) -> None:
    """Evaluate in a child, so that the next test finds nothing of it in memory."""
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        evaluate(source, output)
    finally:
        os._exit(0)


def main(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Evaluate the tests in their order."""
    if len(pairs) == 1:
        evaluate(*pairs[0])
        return
    import_needed([source for source, _ in pairs])
    # A child of a process with several threads can wait for a lock for ever.
    can_fork = len(list(Path("/proc/self/task").iterdir())) == 1
    for source, output in pairs:
        if can_fork:
            evaluate_in_fork(source, output)
        else:
            own = [*sys.orig_argv[1:3], str(source), str(output)]
            subprocess.run([sys.executable, *own], check=False)


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:]]
    main(list(zip(paths[::2], paths[1::2], strict=True)))

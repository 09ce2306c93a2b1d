"""The slow runner: any shell command whose exit code says whether the tests pass.

Every run happens in its own copy, so that two can run in parallel. There is no coverage; the crash
is read from the last traceback in the output.
"""

import asyncio
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from theseus_repair.copied_tree import CopiedTree
from theseus_repair.errors import OptionError
from theseus_repair.files import SKIPPED, write
from theseus_repair.invocation import Invocation
from theseus_repair.model import Crash, Texts, TraceFrame
from theseus_repair.runner import (
    Confine,
    Lines,
    OpaqueRunner,
    RunResult,
    TestRecord,
    TimeLimits,
    skip_confinement,
)
from theseus_repair.started_tests import find_started_tests

FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)', re.M)
ERROR = re.compile(r"^(?P<error>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Iteration|Exit))"
                   r"(?:: (?P<message>.*))?$", re.M)  # fmt: skip
LINKED = (".venv", "venv", "env", "node_modules")
NAME = "command"


def copy_tree(source: Path, target: Path) -> None:
    """Copy a repository without its history and caches; its environments are linked, not copied.

    Pipes, sockets and devices have no content to copy. Raises `OptionError` for files that cannot
    be read.
    """
    skip = shutil.ignore_patterns(*SKIPPED)

    def ignore(folder: str, names: list[str]) -> set[str]:
        return {*skip(folder, names), *filter(lambda name: _is_special(Path(folder, name)), names)}

    try:
        shutil.copytree(source, target, symlinks=True, ignore=ignore, dirs_exist_ok=True)
    except shutil.Error as error:
        file, _, reason = error.args[0][0]
        raise OptionError(
            f"--repo {source}: {file} cannot be copied ({reason}). Make it readable, or move it."
        ) from error
    for name in LINKED:
        if (source / name).exists() and not (target / name).exists():
            (target / name).symlink_to((source / name).resolve())


def _is_special(path: Path) -> bool:
    mode = path.lstat().st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


async def copy_in_thread(source: Path, target: Path) -> None:
    """Copy a repository in a thread. If cancelled, wait until the thread stops writing."""
    copying = asyncio.create_task(asyncio.to_thread(copy_tree, source, target))
    try:
        await asyncio.shield(copying)
    except asyncio.CancelledError:
        await asyncio.wait({copying})
        raise


class CommandRunner(OpaqueRunner):
    """Implements `TestRunner` for a shell command; every run is of all tests."""

    def __init__(
        self,
        root: Path,
        command: str,
        *,
        confine: Confine = skip_confinement,
        width: int = 2,
        original: Path | None = None,
    ) -> None:
        self._root, self._command, self._confine = root, command, confine
        self._width, self._original = width, original or root
        self._trees: list[CopiedTree] = []
        self._copies: asyncio.Queue[CopiedTree] = asyncio.Queue()
        self._folder = ""

    @property
    def width(self) -> int:
        """The number of runs that go on in parallel."""
        return self._width

    async def __aenter__(self) -> Self:
        """Create the copies."""
        self._folder = tempfile.mkdtemp(prefix="theseus-repair-")
        try:
            for number in range(self._width):
                copy = Path(self._folder, str(number))
                await copy_in_thread(self._root, copy)
                support = Path(self._folder, f"{number}-start")
                self._trees.append(CopiedTree(self._original, copy, support))
                self._copies.put_nowait(self._trees[-1])
        except BaseException:  # also on cancellation: `__aexit__` does not run then
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Remove the copies."""
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def run(
        self,
        tests: Sequence[str],
        overlay: Texts,
        limits: TimeLimits,
        *,
        coverage: bool | Lines = False,
        stop_at_first: bool = False,
        modules: bool = False,
        fresh: bool = False,
    ) -> RunResult:
        """Run the command with these texts in place; see `TestRunner`."""
        tree = await self._copies.get()
        copy = tree.folder
        try:
            write(copy, overlay)
            code, output = await tree.run(
                build_shell_argv(self._command), self._confine, limits.seconds
            )
        except UnicodeEncodeError as error:  # a character that the file's encoding lacks
            code, output = 1, f"{type(error).__name__}: {error}"
        finally:
            # The next run uses the same copy.
            for path in overlay:
                shutil.copyfile(self._root / path, copy / path)
            self._copies.put_nowait(tree)
        crash = None if code == 0 else read_crash(output, copy, late=code is None)
        record = TestRecord(NAME, "passed" if code == 0 else "failed", crash=crash)
        return RunResult((record,), code is not None, code is None, code, output[-3000:])

    def find_started_tests(self) -> Invocation | None:
        """Return the tests that the command started last, as recorded in its first run."""
        seen = (find_started_tests(tree.read_notes(), tree.folder, tree.support, self._root)
                for tree in self._trees)  # fmt: skip
        return next(filter(None, seen), None)


def build_shell_argv(command: str) -> list[str]:
    """Return the argv of a shell command, with our own interpreter's folder last on the path."""
    folder = Path(sys.executable).parent
    script = (
        f'PATH="$PATH:{folder}"; PYTHONDONTWRITEBYTECODE=1; export PATH PYTHONDONTWRITEBYTECODE'
    )
    return ["sh", "-c", f"{script}\n{command}"]


def read_crash(output: str, root: Path, *, late: bool = False) -> Crash:
    """Read the last traceback in a command's output; frames outside the root are left out."""
    if late:
        return Crash("OutOfTime", "ran too long")
    frames = []
    last = output.rfind("Traceback (most recent call last)")
    for match in FRAME.finditer(output[max(0, last) :]):
        path = Path(root, match["file"]).resolve()
        if path.is_relative_to(root.resolve()) and "site-packages" not in path.parts:
            relative = path.relative_to(root.resolve()).as_posix()
            frames.append(TraceFrame(relative, int(match["line"]), match["function"]))
    errors = list(ERROR.finditer(output[max(0, last) :]))
    if not errors:
        return Crash("", output.strip()[-200:], tuple(frames))
    # The first one ends the traceback; those below it are of other output.
    error = errors[0] if last >= 0 else errors[-1]
    return Crash(error["error"].split(".")[-1], error["message"] or "", tuple(frames))

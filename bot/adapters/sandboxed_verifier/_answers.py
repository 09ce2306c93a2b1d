"""Determines the value of a reproduction's call. It is run twice, and both values must agree."""

from pathlib import Path

from theseus_guard.source_folders import build_python_path
from theseus_guard.syntax import evaluate_literal
from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits

from bot.adapters.sandboxed_verifier._scratch import Scratch, write_inside
from bot.domain.plan import Reproduction
from bot.ports.workspace import Workspace

_MOST = 2_000  # characters of a value
_ANSWER = "answer.txt"
# The test's last statement is the call. Its value is written to a file, unless it raises.
_PROBE = """\
import ast, pathlib, sys
source, into = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
tree = ast.parse(source.read_text(encoding="utf-8"))
function = tree.body[-1]
function.body[-1] = ast.copy_location(ast.Return(function.body[-1].value), function.body[-1])
names = {"__name__": "reproduction"}
exec(compile(tree, str(source), "exec"), names)
into.write_text(repr(names[function.name]()), encoding="utf-8")
"""


class Answers:
    """Determines the values of calls on copies of a workspace."""

    def __init__(
        self, sandbox: Sandbox, scratch: Scratch, limits: SandboxLimits, python: str
    ) -> None:
        self._sandbox, self._scratch, self._limits = sandbox, scratch, limits
        self._python = python

    async def compute(self, test: Reproduction, workspace: Workspace) -> str | None:
        """Return the value's source if it is a literal and the same both times, else `None`."""
        async with self._scratch.open_copy(workspace, at_base=False) as folder:
            if write_inside(folder / "tree", test.path, test.source):
                return None
            first = await self._compute_once(test, folder, seed=1)
            second = await self._compute_once(test, folder, seed=2) if first is not None else None
        return first if first == second else None

    async def _compute_once(self, test: Reproduction, place: Path, *, seed: int) -> str | None:
        tree, output_file = place / "tree", place / f"{seed}-{_ANSWER}"
        result = await self._sandbox.run(
            [self._python, "-c", _PROBE, str(tree / test.path), str(output_file)],
            cwd=tree,
            writable=[place],
            env={"PYTHONPATH": build_python_path(tree), "PYTHONHASHSEED": str(seed)},
            limits=self._limits,
        )
        if result.returncode or output_file.is_symlink() or not output_file.is_file():
            return None
        text = output_file.read_text(encoding="utf-8", errors="replace")
        return text if len(text) <= _MOST and _is_literal(text) else None


def _is_literal(text: str) -> bool:
    try:
        return repr(evaluate_literal(text)) == text
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False

"""Determines the values of reproductions' calls. Each is run twice, and both must agree."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from theseus_guard.source_folders import build_python_path
from theseus_guard.syntax import evaluate_literal
from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits

from bot.adapters.sandboxed_verifier._scratch import Scratch
from bot.domain.plan import Reproduction
from bot.ports.workspace import Workspace

_MOST = 2_000  # characters of a value
_PROGRAM = Path(__file__).with_name("_answer_program.py")


class Answers:
    """Determines the values of calls on copies of a workspace."""

    def __init__(
        self, sandbox: Sandbox, scratch: Scratch, limits: SandboxLimits, python: str
    ) -> None:
        self._sandbox, self._scratch, self._limits = sandbox, scratch, limits
        self._python = python

    async def compute(
        self, tests: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[str | None, ...]:
        """Return each value's source if it is a literal and the same both times, else `None`.

        The second time the order is reversed, so a test that another one influences is noticed.
        """
        if not tests:
            return ()
        async with self._scratch.open_copy(workspace, at_base=False) as folder:
            sources = {number: folder / f"{number}.py" for number in range(len(tests))}
            for number, source in sources.items():
                source.write_text(tests[number].source, encoding="utf-8")
            first = await self._compute_once(sources, folder, seed=1)
            again = {number: sources[number] for number in reversed(first)}
            second = await self._compute_once(again, folder, seed=2) if again else {}
        return tuple(
            first.get(number) if first.get(number) == second.get(number) else None
            for number in sources
        )

    async def _compute_once(
        self, sources: Mapping[int, Path], folder: Path, *, seed: int
    ) -> dict[int, str]:
        """Return the values that are literals, by the numbers of their tests."""
        tree = folder / "tree"
        outputs = {number: folder / f"{seed}-{number}.txt" for number in sources}
        pairs = [str(path) for number in sources for path in (sources[number], outputs[number])]
        await self._sandbox.run(
            [self._python, "-c", _PROGRAM.read_text(encoding="utf-8"), *pairs],
            cwd=tree,
            writable=[folder],
            env={"PYTHONPATH": build_python_path(tree), "PYTHONHASHSEED": str(seed)},
            limits=self._limits.replace(seconds=self._limits.seconds * len(sources)),
        )
        texts = {number: _read(output) for number, output in outputs.items()}
        return {number: text for number, text in texts.items() if text is not None}


def _read(output: Path) -> str | None:
    if output.is_symlink() or not output.is_file():
        return None
    text = output.read_text(encoding="utf-8", errors="replace")
    return text if len(text) <= _MOST and _is_literal(text) else None


def _is_literal(text: str) -> bool:
    try:
        return repr(evaluate_literal(text)) == text
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False

"""A coverage meter that answers from memory."""

from collections.abc import Callable, Collection, Mapping

from bot.domain.code_coverage import CodeCoverage
from bot.domain.errors import PortError, WorkspaceError
from bot.ports.coverage_meter import Lines


class FakeCoverageMeter:
    """Implements `bot.ports.coverage_meter.CoverageMeter`; `measured` are the commits asked for.

    `known` are the commits there are; without it, any.
    """

    def __init__(
        self,
        result: CodeCoverage,
        *,
        known: Collection[str] | None = None,
        lines: Mapping[str, frozenset[int]] | None = None,
    ) -> None:
        self.lines = lines or {}
        self.measured: list[str] = []
        self.error: PortError | None = None
        self._result, self._known = result, known

    async def measure(self, commit: str) -> CodeCoverage:
        """Return the result as one of that commit, or raise `error`."""
        self.measured.append(commit)
        if self._known is not None and commit not in self._known:
            raise WorkspaceError(f"commit {commit} is not known")
        if self.error is not None:
            raise self.error
        return self._result.replace(commit=commit)

    async def measure_lines(
        self, base: str, head: str, files: Collection[str], is_enough: Callable[[Lines], bool]
    ) -> Lines:
        """Return the lines of those files, or raise `error`."""
        for commit in (base, head):
            await self.measure(commit)
        return {file: lines for file, lines in self.lines.items() if file in files}

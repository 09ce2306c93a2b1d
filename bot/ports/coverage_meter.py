"""The coverage port: which functions of the cogs the tests run, as measured."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bot.domain.code_coverage import CodeCoverage


class CoverageMeter(Protocol):
    """Runs a commit's own tests and records which functions they enter."""

    async def measure(self, commit: str) -> CodeCoverage:
        """Run the tests of the full checks once, sandboxed; this takes minutes.

        A run without a result returns a measurement with a `problem`. Raises `SandboxUnavailable`
        if nothing may run on this machine, `VerifierError` if the commit configures no tests, and
        `WorkspaceError` if the commit is unknown.
        """
        ...

    async def measure_lines(
        self, base: str, head: str, statements: Mapping[str, Sequence[Collection[int]]]
    ) -> Mapping[str, frozenset[int]]:
        """Run head's tests that reach these files, sandboxed; return the lines that ran, by file.

        The nearest tests come first, and the others only run if they may add something: if a
        statement, given by its lines, has not run yet. The commands are those of base's quick
        checks. Tests may fail. Raises `VerifierError` if
        there is no result, and `WorkspaceError` if a commit is unknown.
        """
        ...

"""The coverage port: which functions of the cogs the tests run, as measured."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from bot.domain.code_coverage import CodeCoverage

Lines = Mapping[str, Collection[int]]
"""Numbers of lines, by file."""


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
        self, base: str, head: str, files: Collection[str], is_enough: Callable[[Lines], bool]
    ) -> Lines:
        """Run head's tests that reach `files`, sandboxed; return the lines that ran.

        The nearest tests run first, and the others unless `is_enough` accepts the lines of these.
        The commands are those of base's quick checks. Tests may fail. Raises `VerifierError` if
        there is no result, and `WorkspaceError` if a commit is unknown.
        """
        ...

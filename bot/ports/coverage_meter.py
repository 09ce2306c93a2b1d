"""The coverage port: which functions of the cogs the tests run, as measured."""

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

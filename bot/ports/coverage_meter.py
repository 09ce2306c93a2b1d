"""The coverage port: which functions of the cogs the tests run, measured and never guessed."""

from typing import Protocol

from bot.domain.code_coverage import CodeCoverage


class CoverageMeter(Protocol):
    """Runs a commit's own tests and sees which functions they enter."""

    async def measure(self, commit: str) -> CodeCoverage:
        """Run the tests of the full checks once, confined; this takes minutes.

        A run that gives no result is a measurement with a `problem`. Raises `SandboxUnavailable`
        where nothing may run here, `VerifierError` where the commit configures no tests, and
        `WorkspaceError` where the commit is not known.
        """
        ...

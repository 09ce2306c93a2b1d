"""The verifier port: checks that we run, from base's configuration, independent of the agent."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Literal, Protocol

from theseus_guard.record import Record

from bot.domain.change import CheckResult
from bot.domain.plan import AffectedTests, Reproduction
from bot.ports.workspace import Workspace

Tier = Literal["quick", "full"]
CheckKind = Literal["format", "lint", "types", "tests"]
OnCheck = Callable[[CheckResult], Awaitable[None]]


class Reproduced(Record):
    """A reproduction that was run and fails, with the result."""

    reproduction: Reproduction
    result: CheckResult


class Verifier(Protocol):
    """Runs tests and checks in a workspace, sandboxed, with time limits.

    A failing check is a result, not an error. Raises `SandboxUnavailable` if nothing may run on
    this machine, `VerifierError` if base's configuration cannot be read. Cancelling ends every
    process that it started.
    """

    @property
    def sandbox(self) -> str:
        """How commands are confined, as people read it: `bubblewrap: no network, ...`."""
        ...

    async def find_failing(
        self, candidates: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return the candidates that fail in the workspace as expected, in order.

        "As expected" means that the exception it names made it fail. The files that were written
        are removed again.
        """
        ...

    async def evaluate_calls(
        self, tests: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[str | None, ...]:
        """Return the result of each test's call in the workspace, as the source of a literal.

        It is `None` if the call raises, if two runs differ, or if the result has no literal form.
        """
        ...

    async def run_at_base(self, reproduction: Reproduction, workspace: Workspace) -> CheckResult:
        """Run the reproduction against base's sources."""
        ...

    async def run_reproductions(
        self, reproductions: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[CheckResult, ...]:
        """Run the reproductions in the workspace; return one result for each."""
        ...

    async def find_affected_tests(
        self, workspace: Workspace, changed: Sequence[str], *, limit: int
    ) -> AffectedTests:
        """Return at most `limit` test files that reach any of `changed`, nearest first.

        These are the files that import it or, if there are none, files that mention its name.
        """
        ...

    async def run_checks(
        self,
        tier: Tier,
        workspace: Workspace,
        changed: Sequence[str],
        on_check: OnCheck,
        *,
        only: CheckKind | None = None,
    ) -> tuple[CheckResult, ...]:
        """Run base's checks of that tier in the workspace, the cheapest first.

        Formatter and linter run before the type checks, and these before the tests. If a check
        fails, the more expensive ones are skipped. With `only`, just the checks of that kind run;
        there may be none. `on_check` is awaited after each. Nothing runs twice on the same files:
        known results are returned. Returns no results if base does not configure the tier.
        """
        ...

    async def run_check_again(
        self, name: str, workspace: Workspace, changed: Sequence[str]
    ) -> CheckResult | None:
        """Run base's quick check of that name in the workspace, although its result may be known.

        The result does not replace the known one. Returns `None` if base configures no such check.
        """
        ...

    async def format_files(self, workspace: Workspace, files: Sequence[str]) -> tuple[str, ...]:
        """Format these files in the workspace with base's formatter; return those it rewrote.

        Files that were not formatted at base stay as they are, so a change does not grow. Returns
        nothing if base configures no formatter that can write.
        """
        ...

    async def run_checks_at_base(
        self,
        names: Collection[str],
        workspace: Workspace,
        changed: Sequence[str],
        *,
        tier: Tier = "quick",
    ) -> tuple[CheckResult, ...]:
        """Run base's checks of that tier with these names on base's own sources.

        This distinguishes a check that the change broke from one that failed before. Files that do
        not exist at base are left out.
        """
        ...

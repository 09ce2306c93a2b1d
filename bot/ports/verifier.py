"""The verifier port: checks run by us, from base's configuration, never on an agent's word."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Literal, Protocol

from bot.domain.change import CheckResult
from bot.domain.plan import AffectedTests, Reproduction
from bot.domain.record import Record
from bot.ports.workspace import Workspace

Tier = Literal["quick", "full"]
Proof = Literal["types", "tests"]
OnCheck = Callable[[CheckResult], Awaitable[None]]


class Reproduced(Record):
    """A reproduction that really fails, and how."""

    reproduction: Reproduction
    result: CheckResult


class Verifier(Protocol):
    """Runs tests and checks in a workspace, sandboxed, with time limits.

    A failing check is a result, not an error. Raises `SandboxUnavailable` when it may not run
    anything here, `VerifierError` when base's configuration cannot be read. Cancelling ends every
    process it started.
    """

    @property
    def sandbox(self) -> str:
        """Return how commands are confined here, for people: `bubblewrap: no network, ...`."""
        ...

    async def find_failing(
        self, candidates: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return the candidates that fail on the workspace as it stands, as expected, in order.

        "As expected" means that the exception it names is what failed it. The files it wrote are
        removed again.
        """
        ...

    async def evaluate_call(self, test: Reproduction, workspace: Workspace) -> str | None:
        """Return what the test's call answers on the workspace as it stands, as a literal's source.

        `None` where it raises, where two runs differ, or where the answer has no literal.
        """
        ...

    async def run_at_base(self, reproduction: Reproduction, workspace: Workspace) -> CheckResult:
        """Run the reproduction against base's sources."""
        ...

    async def run_reproductions(
        self, reproductions: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[CheckResult, ...]:
        """Run the reproductions against the workspace as it stands: a result for each."""
        ...

    async def find_affected_tests(
        self, workspace: Workspace, changed: Sequence[str], *, limit: int
    ) -> AffectedTests:
        """Return at most `limit` test files that reach any of `changed`, nearest first.

        Those that import it; such as only name it, where there are no others.
        """
        ...

    async def run_checks(
        self,
        tier: Tier,
        workspace: Workspace,
        changed: Sequence[str],
        on_check: OnCheck,
        *,
        only: Proof | None = None,
    ) -> tuple[CheckResult, ...]:
        """Run base's checks of that tier on the workspace; affected tests first.

        A tier that base does not configure is no checks. With `only`, those run that are type
        checks, or tests; base may configure none.

        `on_check` is awaited after each. All checks run even when one fails.
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
        """Run base's checks of that tier and these names on base's own sources.

        It tells a check that the change broke from one that was red before. Files that are not
        there at base are left out.
        """
        ...

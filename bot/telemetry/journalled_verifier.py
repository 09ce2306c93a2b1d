"""A verifier whose checks are journalled: `check.lint`, how it ended, how long it took."""

from collections.abc import Collection, Iterable, Sequence

from bot.domain.change import CheckResult
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.plan import AffectedTests, Reproduction
from bot.ports.verifier import CheckKind, OnCheck, Reproduced, Tier, Verifier
from bot.ports.workspace import Workspace
from bot.telemetry.current_run import get_current_run
from bot.telemetry.recorder import Recorder

REPRODUCTION = "reproduction"
_OUTCOMES = {"failed": ActionOutcome.ERROR, "timeout": ActionOutcome.TIMEOUT}


class JournalledVerifier:
    """Implements `Verifier`: wraps another verifier and records each check that ran."""

    def __init__(self, verifier: Verifier, recorder: Recorder) -> None:
        self._verifier = verifier
        self._recorder = recorder

    @property
    def sandbox(self) -> str:
        """A description of how commands are confined."""
        return self._verifier.sandbox

    async def find_failing(
        self, candidates: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Run the candidates."""
        found = await self._verifier.find_failing(candidates, workspace)
        self._record((each.result for each in found), REPRODUCTION)
        return found

    async def evaluate_calls(
        self, tests: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[str | None, ...]:
        """Ask for the answer: what it says is evidence, not a check."""
        return await self._verifier.evaluate_calls(tests, workspace)

    async def run_at_base(self, reproduction: Reproduction, workspace: Workspace) -> CheckResult:
        """Run the reproduction at base."""
        result = await self._verifier.run_at_base(reproduction, workspace)
        self._record((result,), REPRODUCTION)
        return result

    async def run_reproductions(
        self, reproductions: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[CheckResult, ...]:
        """Run the reproductions."""
        results = await self._verifier.run_reproductions(reproductions, workspace)
        self._record(results, REPRODUCTION)
        return results

    async def find_affected_tests(
        self, workspace: Workspace, changed: Sequence[str], *, limit: int
    ) -> AffectedTests:
        """Return the affected tests without running them."""
        return await self._verifier.find_affected_tests(workspace, changed, limit=limit)

    async def run_checks(
        self,
        tier: Tier,
        workspace: Workspace,
        changed: Sequence[str],
        on_check: OnCheck,
        *,
        only: CheckKind | None = None,
    ) -> tuple[CheckResult, ...]:
        """Run the checks, each journalled when it is done."""

        async def record_check(result: CheckResult) -> None:
            self._record((result,))
            await on_check(result)

        return await self._verifier.run_checks(tier, workspace, changed, record_check, only=only)

    async def run_check_again(
        self, name: str, workspace: Workspace, changed: Sequence[str]
    ) -> CheckResult | None:
        """Run the check."""
        result = await self._verifier.run_check_again(name, workspace, changed)
        self._record((result,) if result is not None else ())
        return result

    async def format_files(self, workspace: Workspace, files: Sequence[str]) -> tuple[str, ...]:
        """Format the files."""
        return await self._verifier.format_files(workspace, files)

    async def run_checks_at_base(
        self,
        names: Collection[str],
        workspace: Workspace,
        changed: Sequence[str],
        *,
        tier: Tier = "quick",
    ) -> tuple[CheckResult, ...]:
        """Run the checks at base."""
        results = await self._verifier.run_checks_at_base(names, workspace, changed, tier=tier)
        self._record(results)
        return results

    def _record(self, results: Iterable[CheckResult], name: str = "") -> None:
        for result in results:
            if result.status != "skipped":
                self._recorder.record(
                    Kind.CHECK,
                    name or result.name,
                    _OUTCOMES.get(result.status, ActionOutcome.OK),
                    duration_ms=round(result.seconds * 1000, 3),
                    run_id=get_current_run(),
                )

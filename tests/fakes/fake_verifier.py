"""A verifier that judges by looking at files instead of running anything."""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from bot.domain.change import CheckResult
from bot.domain.errors import PortError
from bot.domain.plan import AffectedTests, Reproduction
from bot.ports.verifier import CheckKind, OnCheck, Reproduced, Tier
from bot.ports.workspace import Workspace

Look = Callable[[Path], bool]


class FakeVerifier:
    """A verifier for a scripted fault.

    `broken(root)` says whether the fault, which raises `raises`, is in that tree. `checks` maps a
    quick check's name to whether a tree passes it, `full` those of the full tier (empty by
    default). `refusal`, if set, is raised by every call. `affected` are the tests that any change
    affects. `ran` lists the calls in order.
    """

    sandbox = "fake: nothing is run"

    def __init__(
        self,
        *,
        broken: Look,
        raises: str = "IndexError",
        checks: Mapping[str, Look] | None = None,
        full: Mapping[str, Look] | None = None,
        refusal: PortError | None = None,
        affected: AffectedTests | None = None,
    ) -> None:
        self._broken = broken
        self._raises = raises
        self._checks: dict[str, Look] = {"affected tests": lambda root: not broken(root)}
        self._checks.update(checks or {})
        self.full: dict[str, Look] = dict(full or {})
        self.refusal = refusal
        self.affected = affected or AffectedTests(files=("tests/test_dice.py",), options=("-q",))
        self.ran: list[str] = []
        self.answers: dict[str, str] = {}

    def _record_call(self, what: str) -> None:
        self.ran.append(what)
        if self.refusal is not None:
            raise self.refusal

    def _make_result(self, name: str, passed: bool, summary: str) -> CheckResult:
        status = "passed" if passed else "failed"
        return CheckResult.model_validate(
            {"name": name, "status": status, "seconds": 0.01, "summary": summary, "output": summary}
        )

    async def find_failing(
        self, candidates: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return the candidates naming the fault's exception, if the tree has the fault."""
        self._record_call("reds")
        result = self._make_result("reproduction", False, f"{self._raises}: as expected")
        return tuple(
            Reproduced(reproduction=candidate, result=result)
            for candidate in candidates
            if self._broken(workspace.path) and candidate.expects == self._raises
        )

    async def evaluate_calls(
        self, tests: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[str | None, ...]:
        """Return `None` if the tree has the fault, else the answers in `answers`."""
        self._record_call("answer")
        broken = self._broken(workspace.path)
        return tuple(None if broken else self.answers.get(test.calls) for test in tests)

    async def run_at_base(self, reproduction: Reproduction, workspace: Workspace) -> CheckResult:
        """Fail where the fault is in base."""
        self._record_call("reproduction at base")
        with tempfile.TemporaryDirectory() as folder:
            await workspace.export_base(Path(folder))
            return self._check_tree(Path(folder))

    async def run_reproductions(
        self, reproductions: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[CheckResult, ...]:
        """Fail where the fault is."""
        self._record_call("reproductions")
        return tuple(self._check_tree(workspace.path) for _ in reproductions)

    def _check_tree(self, root: Path) -> CheckResult:
        broken = self._broken(root)
        return self._make_result("reproduction", not broken, self._raises if broken else "1 passed")

    async def find_affected_tests(
        self, workspace: Workspace, changed: Sequence[str], *, limit: int
    ) -> AffectedTests:
        """Return what was set, up to the limit."""
        self._record_call("affected tests")
        return self.affected.replace(files=self.affected.files[:limit])

    async def run_checks(
        self,
        tier: Tier,
        workspace: Workspace,
        changed: Sequence[str],
        on_check: OnCheck,
        *,
        only: CheckKind | None = None,
    ) -> tuple[CheckResult, ...]:
        """Run the checks on the tree, tests last; without a change they are skipped.

        The name says what a check is about: `format`, `lint`, `types`, `affected tests`.
        """
        self._record_call(f"{tier} checks" if only is None else f"{tier} {only}")
        results: list[CheckResult] = []
        looks = self._checks if tier == "quick" else self.full
        for name, passes in sorted(looks.items(), key=lambda pair: "tests" in pair[0]):
            if only is not None and only not in name:
                continue
            failed = next((result.name for result in results if not result.ok), "")
            if failed and "tests" in name:
                reason = f"not run, because {failed} failed"
                result = CheckResult(name=name, status="skipped", seconds=0.0, summary=reason)
            elif changed:
                passed = passes(workspace.path)
                result = self._make_result(name, passed, "3 passed" if passed else "1 failed")
            else:
                result = CheckResult(name=name, status="skipped", seconds=0.0)
            results.append(result)
            await on_check(result)
        return tuple(results)

    async def run_check_again(
        self, name: str, workspace: Workspace, changed: Sequence[str]
    ) -> CheckResult | None:
        """Judge the tree by the quick check of that name."""
        self._record_call(f"{name} again")
        passes = self._checks.get(name)
        if passes is None:
            return None
        passed = passes(workspace.path)
        return self._make_result(name, passed, "3 passed" if passed else "1 failed")

    async def format_files(self, workspace: Workspace, files: Sequence[str]) -> tuple[str, ...]:
        """Replace tabs by spaces, which is what this formatter is about."""
        self._record_call("format")
        rewritten = []
        for path in (workspace.path / file for file in files):
            text = path.read_text("utf-8")
            if path.suffix == ".py" and "\t" in text:
                path.write_text(text.replace("\t", "    "), "utf-8")
                rewritten.append(path.relative_to(workspace.path).as_posix())
        return tuple(rewritten)

    async def run_checks_at_base(
        self,
        names: Collection[str],
        workspace: Workspace,
        changed: Sequence[str],
        *,
        tier: Tier = "quick",
    ) -> tuple[CheckResult, ...]:
        """Judge base's tree by the checks of these names."""
        self._record_call("checks at base")
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            await workspace.export_base(root)
            looks = self._checks if tier == "quick" else self.full
            verdicts = {name: passes(root) for name, passes in looks.items()}
        return tuple(
            self._make_result(name, passed, "3 passed" if passed else "1 failed")
            for name, passed in verdicts.items()
            if name in names
        )

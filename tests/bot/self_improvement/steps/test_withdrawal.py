"""A reverted commit takes its tests with it, and a helper from it need not work."""

from pathlib import Path

import pytest
from theseus_guard.protection import Protection

from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.offline_agent import OfflineAgent
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.adapters.system_clock import SystemClock
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.journal import Capsule, Frame
from bot.domain.plan import Plan
from bot.ports.agent import Assignment, Budget, Progress
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from bot.proof import label
from bot.proof.reproduction import build_candidates, select_existing
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner
from bot.self_improvement.steps.plan import PlanBuilder
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.faulty_project import make_faulty_project, make_single_evidence
from tests.fakes.repositories import commit

BEFORE = '''"""Dice."""


def line(bonus: int, total: int) -> str:
    """Say what was rolled."""
    return f"{total + bonus - bonus}"
'''
HELPER = '''"""Dice."""


def weight(bonus: int, total: int) -> str:
    """Say how much of it the bonus is."""
    return f"{bonus * 100 // total} %"


def line(bonus: int, total: int) -> str:
    """Say what was rolled."""
    return f"{total} ({weight(bonus, total)})"
'''
TEST = (
    "from dice import line\n\n\ndef test_line() -> None:\n    assert line(2, 4).startswith('4')\n"
)
THEIRS = (
    "from dice import line, weight\n\n\ndef test_line() -> None:\n"
    "    assert line(2, 4).startswith('4')\n\n\n"
    "def test_weight() -> None:\n    assert weight(2, 4) == '50 %'\n"
)
CAPSULE = Capsule(
    exception="ZeroDivisionError",
    message="integer division or modulo by zero",
    fingerprint="5dc1e6ef0000",
    frames=(
        Frame(file="dice.py", line=11, function="line", arguments={"bonus": "1", "total": "0"}),
        Frame(file="dice.py", line=6, function="weight", arguments={"bonus": "1", "total": "0"}),
    ),
)
DIAGNOSIS = Diagnosis(found=True, headline="1 error", cause="weight divides", file="dice.py")


def helper_commit(folder: Path) -> str:
    """Make the project whose last commit brought the helper that fails, and a test of it."""
    make_faulty_project(folder, **{"dice.py": BEFORE, "tests/test_dice.py": TEST})
    return commit(folder, {"dice.py": HELPER, "tests/test_dice.py": THEIRS})


async def ignore(_: CheckResult | Progress) -> None:
    """Ignore a check's result."""


def verify(verifier: Verifier) -> QualityGate:
    return QualityGate(verifier, protection=Protection.create(), redact=lambda text: text)


async def taken_back(workspace: Workspace, sha: str, **more: str) -> ChangeSet:
    """Return the change that takes the commit back, and changes `more` files."""
    await workspace.revert(sha, sha)
    for file, text in more.items():
        (workspace.path / file).write_text(text, encoding="utf-8")
    head = await workspace.commit("Take it back")
    return ChangeSet(
        base=workspace.base, head=head, branch=workspace.branch, engine="offline", summary="undo",
        files=await workspace.list_changes(), diff=await workspace.get_diff(), proven="undo",
        reverted_commit=sha,
    )  # fmt: skip


def plan_of(text: str) -> Plan:
    tests = build_candidates(CAPSULE, read={"dice.py": text}.get)
    step = {"summary": "Edit it", "owned_files": ("dice.py",)}
    return Plan.model_validate(
        {"problem": "p", "solution": "s", "steps": (step,), "reproduction": tests[0],
         "witnesses": tests[1:]}
    )  # fmt: skip


async def verdict_of(folder: Path, **more: str) -> tuple[Verdict, FakeVerifier]:
    sha = helper_commit(folder / "checkout")
    workspaces = GitWorkspaces(folder / "checkout", folder / "worktrees")
    verifier = FakeVerifier(
        broken=lambda root: "weight" in (root / "dice.py").read_text(), raises="ZeroDivisionError"
    )
    async with workspaces.open("k7m2xq", base=sha) as workspace:
        change = await taken_back(workspace, sha, **more)
        verdict = await verify(verifier)(
            plan_of(HELPER), change, workspace, round_number=1, on_check=ignore
        )
    return verdict, verifier


async def test_a_commits_own_tests_may_go_with_all_of_it_and_the_card_says_so(
    tmp_path: Path,
) -> None:
    verdict, _ = await verdict_of(tmp_path)

    assert verdict.is_passing, verdict.findings
    assert verdict.proven == "undo"
    assert label(verdict).startswith("Reverts all of commit `")


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("more", [{}, {"dice.py": BEFORE.replace("total + bonus", "total")}])
async def test_the_guard_says_the_same_before_the_proposal_and_before_the_merge(
    moved: bool, more: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "checkout"
    sha = helper_commit(folder)
    workspaces = GitWorkspaces(folder, tmp_path / "worktrees")
    verifier = FakeVerifier(
        broken=lambda root: "weight" in (root / "dice.py").read_text(), raises="ZeroDivisionError"
    )
    gate, plan = verify(verifier), plan_of(HELPER)
    async with workspaces.open("k7m2xq", base=sha) as workspace:
        change = await taken_back(workspace, sha, **more)
        verdict = await gate(plan, change, workspace, round_number=1, on_check=ignore)
        tip = commit(folder, {"notes.txt": "another change\n"}) if moved else sha
        merged = await workspace.build_merge(tip, change.head)
        tier = await gate.check_merge(plan, change, merged, ignore)

    blocking = {each.rule for each in verdict.findings if each.blocking}
    assert {each.rule for each in tier.findings} == blocking
    assert tier.ok is verdict.is_passing is not bool(more)


async def test_the_card_says_which_tests_go_along(tmp_path: Path) -> None:
    verdict, _ = await verdict_of(tmp_path)

    [note] = [each for each in verdict.findings if each.rule == "test_deleted"]
    assert (note.path, note.blocking) == ("tests/test_dice.py", False)
    assert note.summary.startswith(
        "`tests/test_dice.py`: Reverted together with the code it tested: "
    )


async def test_a_change_that_does_more_than_take_a_commit_back_may_take_no_test_with_it(
    tmp_path: Path,
) -> None:
    verdict, _ = await verdict_of(tmp_path, **{"dice.py": BEFORE.replace("total + bonus", "total")})

    assert not verdict.is_passing
    assert verdict.reverted_commit == ""
    assert {finding.rule for finding in verdict.findings if finding.blocking} >= {"test_deleted"}


def test_of_tests_whose_function_is_gone_those_further_out_stay_proof() -> None:
    tests = build_candidates(CAPSULE, read={"dice.py": HELPER}.get)

    assert [test.target for test in tests] == ["dice.py::weight", "dice.py::line"]
    assert [test.target for test in select_existing(tests, read={"dice.py": BEFORE}.get)] == [
        "dice.py::line"
    ]
    assert select_existing(tests, read={"dice.py": "x = 1\n"}.get) == tests


@pytest.mark.slow
async def test_the_offline_engine_takes_back_the_commit_that_brought_the_failing_helper(
    tmp_path: Path,
) -> None:
    sha = helper_commit(tmp_path / "checkout")
    sandbox = await choose_sandbox("auto", required=False)
    verifier = SandboxedVerifier(sandbox, tmp_path / "cache")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    suspects = await GitCheckout(tmp_path / "checkout").find_suspects([("dice.py", 6)])
    async with workspaces.open("k7m2xq", base=sha) as workspace:
        evidence: Evidence = make_single_evidence(CAPSULE, sha).replace(suspects=suspects)
        plan = await PlanBuilder(verifier)(evidence, DIAGNOSIS, workspace)
        assert [test.answered for test in plan.reproductions] == [False, True]
        assert 'assert answer == "0"' in plan.witnesses[0].source
        execute = CodeAgentRunner(OfflineAgent(sandbox, SystemClock()), SystemClock(),
                          budget=Budget(seconds=60))  # fmt: skip
        assignment = Assignment(run_id="k7m2xq", round=1, evidence=evidence,
                                diagnosis=DIAGNOSIS, plan=plan)  # fmt: skip
        change = await execute(assignment, workspace, ignore)
        assert isinstance(change, ChangeSet)
        assert change.reverted_commit == sha, change
        verdict = await verify(verifier)(plan, change, workspace, round_number=1, on_check=ignore)

    assert verdict.is_passing, verdict
    assert [test.path for test in change.files if "regressions" in test.path]

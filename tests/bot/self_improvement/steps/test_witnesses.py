"""A fix has to satisfy every frame of the failure that can be called again, not the innermost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from theseus_guard.protection import Protection

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.journal import Capsule, Frame
from bot.domain.plan import Plan
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.steps.plan import PlanBuilder
from tests.fakes.faulty_project import make_faulty_project, make_single_evidence

BROKEN = '''"""Shares."""


def shares(counts: list[int]) -> list[int]:
    """Return whole percentages."""
    return [100 * count // sum(counts) for count in counts]


def line(counts: list[int]) -> str:
    """Return the first share as text."""
    return f"{shares(counts)[0]} %"
'''
GUARD = "    if sum(counts) == 0:\n        return {}\n    return [100"
HALF = BROKEN.replace("    return [100", GUARD.format("[]"))
WHOLE = BROKEN.replace("    return [100", GUARD.format("[0] * len(counts)"))
TEST = "from dice import line\n\n\ndef test_half() -> None:\n    assert line([1, 1]) == '50 %'\n"


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    project = {"dice.py": BROKEN, "tests/test_dice.py": TEST}
    base = make_faulty_project(tmp_path / "checkout", **project)
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as lent:
        yield lent


@pytest.fixture
async def verifier(tmp_path: Path) -> SandboxedVerifier:
    return SandboxedVerifier(await choose_sandbox("auto", required=False), tmp_path / "cache")


def _evidence(base: str) -> Evidence:
    frames = (
        Frame(file="dice.py", line=11, function="line", arguments={"counts": "[0, 0]"}),
        Frame(file="dice.py", line=6, function="shares", arguments={"counts": "[0, 0]"}),
    )
    capsule = Capsule(
        exception="ZeroDivisionError",
        message="integer division or modulo by zero",
        fingerprint="5dc1e6ef0000",
        frames=frames,
    )
    return make_single_evidence(capsule, base)


async def _plan(workspace: Workspace, verifier: SandboxedVerifier) -> Plan:
    diagnosis = Diagnosis(found=True, headline="1 error", cause="shares", file="dice.py")
    return await PlanBuilder(verifier)(_evidence(workspace.base), diagnosis, workspace)


async def _verdict(
    workspace: Workspace, verifier: SandboxedVerifier, plan: Plan, text: str
) -> Verdict:
    (workspace.path / "dice.py").write_text(text, encoding="utf-8")
    head = await workspace.commit("Guard")
    change = ChangeSet(
        base=workspace.base,
        head=head,
        branch=workspace.branch,
        engine="test",
        summary="guard",
        files=await workspace.list_changes(),
        diff=await workspace.get_diff(),
    )
    verify = QualityGate(verifier, protection=Protection.create(), redact=lambda text: text)
    return await verify(plan, change, workspace, round_number=1, on_check=_ignore)


async def _ignore(_: CheckResult) -> None:
    """Ignore a check's result."""


@pytest.mark.slow
async def test_every_frame_that_can_be_called_again_becomes_a_test(
    workspace: Workspace, verifier: SandboxedVerifier
) -> None:
    plan = await _plan(workspace, verifier)
    assert [test.calls for test in plan.reproductions] == ["shares([0, 0])", "line([0, 0])"]


@pytest.mark.slow
async def test_an_edit_that_only_quiets_the_innermost_frame_is_not_green(
    workspace: Workspace, verifier: SandboxedVerifier
) -> None:
    plan = await _plan(workspace, verifier)
    verdict = await _verdict(workspace, verifier, plan, HALF)
    assert all(check.ok for check in verdict.checks)
    assert not verdict.is_reproduced
    assert verdict.passing_on_head is not None
    assert "IndexError" in verdict.passing_on_head.output


@pytest.mark.slow
async def test_an_edit_that_mends_them_all_is_green(
    workspace: Workspace, verifier: SandboxedVerifier
) -> None:
    plan = await _plan(workspace, verifier)
    assert (await _verdict(workspace, verifier, plan, WHOLE)).is_passing

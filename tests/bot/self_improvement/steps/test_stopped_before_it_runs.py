"""A change that would not be shown as it is, or runs otherwise than it reads, is not even run."""

from pathlib import Path

import pytest
from theseus_guard.protection import Protection
from theseus_observe.redaction import redact

from bot.adapters.git_workspace import GitWorkspaces
from bot.domain.change import ChangeSet, CheckResult
from bot.domain.plan import Plan, Reproduction, Step
from bot.self_improvement.checks.quality_gate import QualityGate
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.repositories import make_repository

BASE = "def face(value):\n    return value\n"
PLAN = Plan(
    problem="p",
    solution="s",
    steps=(Step(summary="edit", owned_files=("dice.py",)),),
    reproduction=Reproduction(
        path="tests/test_it.py", node_id="tests/test_it.py::test_it", source="", calls="f()",
        expects="E",
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("added", "rule"),
    [
        ("# -----BEGIN PRIVATE KEY-----\npayload()\n# -----END PRIVATE KEY-----\n", "secret"),
        ("        \x0cpayload()\n", "unsafe_file"),
        ("    return 1; payload()\n", "unsafe_file"),
    ],
)
async def test_it_is_stopped_with_file_and_line(tmp_path: Path, added: str, rule: str) -> None:
    base = make_repository(tmp_path / "checkout", {"dice.py": BASE})
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    verifier = FakeVerifier(broken=lambda _root: False)
    async with workspaces.open("k7m2xq", base=base) as lent:
        (lent.path / "dice.py").write_text(BASE + added)
        change = ChangeSet(
            base=base,
            head=await lent.commit("Change"),
            branch=lent.branch,
            engine="test",
            summary="s",
            files=await lent.list_changes(),
            diff=await lent.get_diff(),
        )
        (lent.path / "dice.py").write_text(BASE)  # the content there is not what is proposed
        verify = QualityGate(verifier, protection=Protection.create(), redact=redact)
        verdict = await verify(PLAN, change, lent, round_number=1, on_check=_ignore)
    stopped = [each for each in verdict.findings if each.blocking]
    assert {(each.rule, each.path) for each in stopped} == {(rule, "dice.py")}
    assert all("Line " in each.message for each in stopped)
    assert verdict.checks == ()
    assert verdict.failing_on_base is None


async def _ignore(_: CheckResult) -> None:
    """Ignore a check's result."""

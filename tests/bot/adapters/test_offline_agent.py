"""The offline engine and what is remembered: what did not hold is not proposed again."""

from contextlib import aclosing
from pathlib import Path

import pytest

from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.offline_agent import OfflineAgent
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.system_clock import SystemClock
from bot.domain.memory import Memory, Recalled
from bot.domain.plan import AffectedTests
from bot.domain.rehearsal import CommandStep, PlayedError, Script
from bot.domain.replay import Replay
from bot.guards import diff_hash, texts_hash
from bot.ports.agent import Budget
from bot.repair.confirmation import known_to_fail
from tests.fakes.faulty_project import FIXED, faulty_project, reproduction
from tests.fakes.repositories import commit
from tests.support.claude_room import the_assignment

TIGHT = "def f(a):\n    return  a [0]\n"
TIDY = "def f(a):\n    return a[0]\n"
BASE = "def f(a):\n    return a[1]\n"


@pytest.mark.slow
async def test_a_change_that_did_not_hold_is_not_proposed_again(tmp_path: Path) -> None:
    """The edit it finds otherwise is `FACES[value - 1]`: the contract suite says so."""
    base = faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    agent = OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())
    async with workspaces.lend("k7m2xq", base=base) as workspace:
        broken = (workspace.path / "dice.py").read_text(encoding="utf-8")
        known = texts_hash({"dice.py": broken}, {"dice.py": FIXED})
        assignment = the_assignment(base)
        group = assignment.evidence.groups[0]
        fix = Memory(
            key="fix:old", kind="fix", text="t", fingerprint=group.fingerprint,
            diff_hash=known, outcome="not_fixed", at=group.last_seen,
        )  # fmt: skip
        recalled = (Recalled(memory=fix, score=0.9, because="the same failure"),)
        remembering = assignment.but(evidence=assignment.evidence.but(memories=recalled))
        async with aclosing(agent.work(remembering, workspace, Budget(seconds=60))) as updates:
            last = [update async for update in updates][-1]
        found = diff_hash(await workspace.diff())
    assert last.kind == "finished"
    assert "- 1" not in last.summary
    assert found != known
    assert not last.changed, "nothing else is proven: what remains only quiets the call"


@pytest.mark.slow
async def test_a_guide_that_nothing_mends_decides_nothing(tmp_path: Path) -> None:
    base = faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    agent = OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())
    assignment = the_assignment(base)
    guide = reproduction("raise KeyError").but(
        path="tests/regressions/test_guide.py",
        node_id="tests/regressions/test_guide.py::test_face",
    )
    guided = assignment.but(plan=assignment.plan.but(guides=(guide,)))
    async with workspaces.lend("k7m2xq", base=base) as workspace:
        async with aclosing(agent.work(guided, workspace, Budget(seconds=60))) as updates:
            last = [update async for update in updates][-1]
        assert last.kind == "finished"
        assert last.changed, last
        assert [each.path for each in await workspace.changes()] == ["dice.py"]


PLAYED = Replay(
    script=Script(steps=(CommandStep(command="roll"),)),
    wanted=PlayedError(event="command.roll", error="IndexError"),
    fingerprint="5dc1e6ef0000",
    asked="/roll",
)


@pytest.mark.parametrize("played", [True, False])
async def test_what_plays_alone_show_is_mended_by_taking_its_commit_back(
    tmp_path: Path, played: bool
) -> None:
    faulty_project(tmp_path / "checkout", **{"dice.py": FIXED})
    sha = commit(tmp_path / "checkout", {"dice.py": FIXED.replace("[value - 1]", "[value]")})
    suspects = await GitCheckout(tmp_path / "checkout").suspects([("dice.py", 8)])
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    agent = OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())
    assignment = the_assignment(sha)
    plan = assignment.plan.but(
        reproduction=None, replay=PLAYED if played else None, affected=AffectedTests()
    )
    assignment = assignment.but(plan=plan, evidence=assignment.evidence.but(suspects=suspects))
    async with workspaces.lend("k7m2xq", base=sha) as workspace:
        async with aclosing(agent.work(assignment, workspace, Budget(seconds=60))) as updates:
            last = [update async for update in updates][-1]
        assert last.kind == "finished"
        assert (last.changed, last.undoes) == (played, sha if played else "")
        assert ("value - 1" in (workspace.path / "dice.py").read_text("utf-8")) is played


@pytest.mark.parametrize(("files", "known"), [(TIDY, True), (TIGHT, True), (BASE + "#", False)])
async def test_the_same_change_is_known_however_it_is_formatted(
    tmp_path: Path, files: str, known: bool
) -> None:
    failed = frozenset({texts_hash({"m.py": BASE}, {"m.py": TIDY})})
    assert await known_to_fail(tmp_path, failed, {"m.py": BASE}, {"m.py": files}) is known

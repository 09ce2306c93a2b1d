"""The offline engine and what is remembered: what did not hold is not proposed again."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from theseus_guard import hash_diff, hash_texts
from theseus_rehearsal.records import CommandStep, PlayedError, Script
from theseus_repair.answer_memo import AnswerMemo, read_memo
from theseus_repair.confirmation import has_failed_before

from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.offline_agent import OfflineAgent
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.system_clock import SystemClock
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.dialogue import Answer, Question
from bot.domain.memory import Memory, Recalled
from bot.domain.people import Person
from bot.domain.plan import AffectedTests
from bot.domain.plausible_edit import PlausibleEdit
from bot.domain.replay import Replay
from bot.ports.agent import Assignment, Budget, QuestionAsked, Update
from bot.ports.workspace import Workspace
from tests.fakes.faulty_project import FIXED, make_faulty_project, make_reproduction
from tests.fakes.repositories import commit
from tests.support.agent_harness import DORA
from tests.support.claude_room import make_assignment

TIGHT = "def f(a):\n    return  a [0]\n"
TIDY = "def f(a):\n    return a[0]\n"
BASE = "def f(a):\n    return a[1]\n"


@pytest.mark.slow
async def test_a_change_that_did_not_hold_is_not_proposed_again(tmp_path: Path) -> None:
    """The edit it finds otherwise is `FACES[value - 1]`: the contract suite says so."""
    base = make_faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    agent = OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())
    async with workspaces.open("k7m2xq", base=base) as workspace:
        broken = (workspace.path / "dice.py").read_text(encoding="utf-8")
        known = hash_texts({"dice.py": broken}, {"dice.py": FIXED})
        assignment = make_assignment(base)
        group = assignment.evidence.groups[0]
        fix = Memory(
            key="fix:old", kind="fix", text="t", fingerprint=group.fingerprint,
            diff_hash=known, outcome="not_fixed", at=group.last_seen,
        )  # fmt: skip
        recalled = (Recalled(memory=fix, score=0.9, because="the same failure"),)
        remembering = assignment.replace(evidence=assignment.evidence.replace(memories=recalled))
        async with aclosing(agent.work(remembering, workspace, Budget(seconds=60))) as updates:
            last = [update async for update in updates][-1]
        found = hash_diff(await workspace.get_diff())
    assert last.kind == "asked"
    assert "`face(6)` raises IndexError" in last.text
    assert "'six'" not in last.choices, "that is what the change before answered"
    assert found != known


@pytest.mark.slow
async def test_a_guide_that_nothing_mends_decides_nothing(tmp_path: Path) -> None:
    base = make_faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    agent = OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())
    assignment = make_assignment(base)
    guide = make_reproduction("raise KeyError").replace(
        path="tests/regressions/test_guide.py",
        node_id="tests/regressions/test_guide.py::test_face",
    )
    guided = assignment.replace(plan=assignment.plan.replace(guides=(guide,)))
    async with workspaces.open("k7m2xq", base=base) as workspace:
        async with aclosing(agent.work(guided, workspace, Budget(seconds=60))) as updates:
            last = [update async for update in updates][-1]
        assert last.kind == "finished"
        assert last.changed, last
        assert [each.path for each in await workspace.list_changes()] == ["dice.py"]


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
    make_faulty_project(tmp_path / "checkout", **{"dice.py": FIXED})
    sha = commit(tmp_path / "checkout", {"dice.py": FIXED.replace("[value - 1]", "[value]")})
    suspects = await GitCheckout(tmp_path / "checkout").find_suspects([("dice.py", 8)])
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    agent = OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())
    assignment = make_assignment(sha)
    plan = assignment.plan.replace(
        reproduction=None, replay=PLAYED if played else None, affected=AffectedTests()
    )
    assignment = assignment.replace(
        plan=plan, evidence=assignment.evidence.replace(suspects=suspects)
    )
    async with workspaces.open("k7m2xq", base=sha) as workspace:
        async with aclosing(agent.work(assignment, workspace, Budget(seconds=60))) as updates:
            last = [update async for update in updates][-1]
        assert last.kind == "finished"
        assert (last.changed, last.reverted_commit) == (played, sha if played else "")
        assert ("value - 1" in (workspace.path / "dice.py").read_text("utf-8")) is played


@pytest.mark.parametrize(("files", "known"), [(TIDY, True), (TIGHT, True), (BASE + "#", False)])
async def test_the_same_change_is_known_however_it_is_formatted(
    tmp_path: Path, files: str, known: bool
) -> None:
    failed = frozenset({hash_texts({"m.py": BASE}, {"m.py": TIDY})})
    assert await has_failed_before(tmp_path, failed, {"m.py": BASE}, {"m.py": files}) is known


IGNORING = FIXED.replace("[value - 1]", "[value - 1]  # type: ignore[misc]")
UNUSED = 'dice.py:{line}: error: Unused "type: ignore" comment  [unused-ignore]\n'


async def test_an_edit_comes_again_without_the_ignores_that_it_made_unneeded(
    tmp_path: Path,
) -> None:
    base = make_faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    agent = OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())
    async with workspaces.open("k7m2xq", base=base) as workspace:
        file = workspace.path / "dice.py"
        file.write_text(IGNORING, "utf-8")
        head = await workspace.commit("Fix it")
        line = next(n for n, text in enumerate(IGNORING.split("\n"), 1) if "ignore" in text)
        check = CheckResult(
            name="types", status="failed", seconds=1, output=UNUSED.format(line=line)
        )
        previous = ChangeSet(
            base=base, head=head, branch="b", engine="offline", summary="fix the index",
            files=await workspace.list_changes(),
            plausible_edit=PlausibleEdit(reason="no test would notice"),
        )  # fmt: skip
        assignment = make_assignment(base).replace(
            round=2, previous=previous, feedback=Verdict(head=head, round=1, checks=(check,))
        )
        async with aclosing(agent.work(assignment, workspace, Budget(seconds=60))) as updates:
            last = [update async for update in updates][-1]
        assert last.kind == "finished"
        assert last.changed
        assert (last.summary, last.plausible_edit) == (previous.summary, previous.plausible_edit)
        assert file.read_text("utf-8") == FIXED


AREA = """\"\"\"Areas.\"\"\"


def area(width: int, height: int) -> int:
    \"\"\"Return the area.\"\"\"
    return width + height
"""
AREA_CASE = make_reproduction("assert dice.area(3, 0) == 0", "AssertionError").replace(
    answered=True
)


@asynccontextmanager
async def area_work(folder: Path) -> AsyncIterator[tuple[Assignment, Workspace]]:
    """Yield a worktree whose fault can be fixed by several edits with different answers."""
    test = "from dice import area\n\n\ndef test_nothing() -> None:\n    assert area(0, 0) == 0\n"
    base = make_faulty_project(
        folder / "checkout", **{"dice.py": AREA, "tests__test_dice.py": test}
    )
    assignment = make_assignment(base)
    plan = assignment.plan.replace(reproduction=AREA_CASE)
    evidence = assignment.evidence.replace(groups=())
    workspaces = GitWorkspaces(folder / "checkout", folder / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as workspace:
        yield assignment.replace(plan=plan, evidence=evidence), workspace


async def last_of(assignment: Assignment, workspace: Workspace) -> Update:
    """Run an engine of a new process, as after a restart; return its final update."""
    agent = OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())
    async with aclosing(agent.work(assignment, workspace, Budget(seconds=90))) as updates:
        return [update async for update in updates][-1]


def answered(
    assignment: Assignment, asked: QuestionAsked, text: str, who: Person | None
) -> Assignment:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    question = Question(
        id="q", attempt=1, round=1, head=assignment.evidence.base, text=asked.text,
        default=asked.default, choices=asked.choices, only_choices=True, memo=asked.memo,
        asked_at=noon, until=noon,
    )  # fmt: skip
    answer = Answer(question_id="q", text=text, person=who, at=noon)
    return assignment.replace(question=question, answer=answer)


@pytest.mark.slow
async def test_what_no_test_tells_apart_is_asked_and_the_answer_picks_the_edit(
    tmp_path: Path,
) -> None:
    async with area_work(tmp_path) as (assignment, workspace):
        asked = await last_of(assignment, workspace)
        assert asked.kind == "asked"
        assert asked.choices[-1] == "neither"
        assert await workspace.list_changes() == ()
        while asked.kind == "asked":  # a second question is of another call
            given = read_memo(asked.memo).question
            assert given is not None
            width, height = map(int, given.call.arguments.values())
            assignment = answered(assignment, asked, str(width * height), DORA)
            asked = await last_of(assignment, workspace)
        assert asked.kind == "finished"
        assert asked.changed, asked.summary
        assert "width * height" in (workspace.path / "dice.py").read_text("utf-8")
        assert asked.stated[0].startswith("dora said that `area(")
        assert asked.doubts == ()
        (kept, *_) = [grant.file for grant in asked.granted]
        assert kept.startswith("tests/regressions/test_area_answer_")
        assert "answer = dice.area(" in (workspace.path / kept).read_text("utf-8")
        assert read_memo(asked.memo).stated[0].by == "dora"


@pytest.mark.slow
async def test_where_nobody_answers_it_goes_on_and_names_the_other_edit(tmp_path: Path) -> None:
    async with area_work(tmp_path) as (assignment, workspace):
        asked = await last_of(assignment, workspace)
        assert asked.kind == "asked"
        last = await last_of(answered(assignment, asked, asked.default, None), workspace)
        assert last.kind == "finished"
        assert last.changed, last.summary
        assert " with this, " in last.doubts[0]
        assert (last.stated, last.granted) == ((), ())


def test_a_memo_that_is_none_is_refused() -> None:
    assert read_memo("") == AnswerMemo()
    with pytest.raises(ValueError, match="validation error"):
        read_memo('{"stated": 3}')

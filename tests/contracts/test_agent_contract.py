"""What every engine promises, on a small repository with a real fault."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.offline_agent import OfflineAgent
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.system_clock import SystemClock
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.ports.agent import (
    Assignment,
    Budget,
    CodeAgent,
    Finished,
    News,
    Progress,
    QuestionAsked,
    Update,
    get_no_news,
)
from bot.ports.workspace import Workspace
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.faulty_project import FIXED, make_faulty_project
from tests.support.claude_room import DRAFT, fix_dice, make_assignment, open_claude_room
from tests.support.processes import list_processes
from tests.twins.model import Story, say_text

BUDGET = Budget(seconds=60)
STORY: Story = {
    "executor": [
        *fix_dice("FACES[value - 1]"),
        say_text("Faces are counted from one now."),
        *fix_dice("FACES[value + -1]", "FACES[value - 1]"),
        say_text("The types fit now, too."),
    ]
}


@dataclass
class AgentCase:
    """An engine and a worktree of the faulty project to let it loose on."""

    agent: CodeAgent
    workspace: Workspace
    base: str

    def assignment(self, **changes: object) -> Assignment:
        return make_assignment(self.base, **changes)

    async def work(self, assignment: Assignment, news: News = get_no_news) -> list[Update]:
        working = self.agent.work(assignment, self.workspace, BUDGET, news)
        async with aclosing(working) as updates:
            return [update async for update in updates]


async def _agent(kind: str) -> CodeAgent:
    if kind == "fake":
        return FakeAgent({"dice.py": FIXED})
    return OfflineAgent(await choose_sandbox("auto", required=False), SystemClock())


@pytest.fixture(
    params=["fake", *(pytest.param(each, marks=pytest.mark.slow) for each in ("offline", "claude"))]
)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AgentCase]:
    if request.param == "claude":
        async with open_claude_room(tmp_path, STORY) as room:
            yield AgentCase(room.start()[0], room.workspace, room.base)
        return
    base = make_faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as workspace:
        yield AgentCase(await _agent(request.param), workspace, base)


async def test_it_ends_with_one_last_word_its_edits_uncommitted_and_works_again_after_a_verdict(
    case: AgentCase,
) -> None:
    before = await case.workspace.get_head()
    updates = await case.work(case.assignment())
    assert [update.kind for update in updates].count("finished") == 1
    last = updates[-1]
    assert isinstance(last, Finished)
    assert last.changed
    assert last.summary
    for update in updates[:-1]:
        assert isinstance(update, Progress)
        assert update.text or update.entry

    assert await case.workspace.get_head() == before == case.base
    assert [change.path for change in await case.workspace.list_changes()] == ["dice.py"]
    assert "FACES[value]" not in (case.workspace.path / "dice.py").read_text(encoding="utf-8")

    *before_that, again = await case.work(await _turned_down(case))
    assert isinstance(again, (Finished, QuestionAsked))
    assert all(isinstance(update, Progress) for update in before_that)


async def _turned_down(case: AgentCase) -> Assignment:
    """Commit what it left; return the work of the second round, after a check that failed."""
    head = await case.workspace.commit("Fix the dice")
    change = ChangeSet(
        base=case.base,
        head=head,
        branch=case.workspace.branch,
        engine=case.agent.name,
        summary="first try",
        files=await case.workspace.list_changes(),
    )
    failed = CheckResult(name="types", status="failed", seconds=1.0, output="no")
    verdict = Verdict(head=head, round=1, checks=(failed,))
    return case.assignment(round=2, previous=change, feedback=verdict)


async def test_giving_up_on_it_midway_leaves_no_process_behind(case: AgentCase) -> None:
    """The first update is taken, then the iterator is closed: nothing goes on in the worktree."""
    async with aclosing(case.agent.work(case.assignment(), case.workspace, BUDGET)) as updates:
        await anext(updates)
    assert list_processes(case.workspace.path) == []


async def test_one_that_follows_words_asks_for_news_and_another_does_not(case: AgentCase) -> None:
    waiting, heard = ["also handle d0"], list[str]()

    def news() -> list[str]:
        heard.extend(waiting)
        told = list(waiting)
        waiting.clear()
        return told

    unproven = case.assignment(plan=DRAFT.replace(reproduction=None))  # nothing to search by
    updates = await case.work(unproven, news)
    assert isinstance(updates[-1], Finished)
    assert heard == (["also handle d0"] if case.agent.can_follow_instructions else [])

"""What every planner promises, on a small repository with a real fault."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.ports.agent import Progress
from bot.ports.planner import Case, Diagnosed, Planned, Planner
from bot.ports.workspace import Workspace
from tests.fakes.fake_planner import FakePlanner, finish_draft
from tests.fakes.faulty_project import make_faulty_project
from tests.support.claude_room import DRAFT, make_case, open_claude_room
from tests.twins.model import Request, Story, Turn, call_tool, choose_turn, give_result

SURE = {
    "cause": "`face` counts faces from one, and indexes from zero.",
    "confidence": "high",
    "evidence_ids": ["77651k8c"],
}
PLANS = {
    **SURE,
    "problem": "The last face of a die raises, and all others are one off.",
    "solution": "Take one from the value before it is used as an index.",
    "steps": [{"summary": "Index with value - 1", "owned_files": ["dice.py"]}],
    "risk": "low",
    "impact": "Everybody who rolls.",
    "tests": {"unit": "face(6)", "integration": "", "performance": "", "user_experience": ""},
    "compatibility": "Nothing but the letters changes.",
    "verification": "No more such failures.",
    "rollback": "Revert the commit.",
}


def _answers(request: Request) -> Turn:
    """Answer in the shape that was asked for."""
    return give_result(PLANS if "## The plan" in request.prompt else SURE)


STORY: Story = {"planner": [call_tool("Read", file_path="dice.py"), *[choose_turn(_answers)] * 2]}


@dataclass
class Study:
    """A planner, and a worktree of the faulty project to think about."""

    planner: Planner
    workspace: Workspace
    case: Case


@pytest.fixture(params=["fake", pytest.param("claude", marks=pytest.mark.slow)])
async def study(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Study]:
    """Return each planner in turn."""
    if request.param == "claude":
        async with open_claude_room(tmp_path, STORY) as room:
            yield Study(room.start()[1], room.workspace, make_case(room.base))
        return
    base = make_faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as workspace:
        yield Study(FakePlanner(), workspace, make_case(base))


async def _diagnosed(study: Study) -> tuple[list[Progress], Diagnosed]:
    async with aclosing(study.planner.diagnose(study.case, study.workspace)) as updates:
        seen = [update async for update in updates]
    *before, last = seen
    assert isinstance(last, Diagnosed)
    return [update for update in before if isinstance(update, Progress)], last


async def _planned(study: Study) -> tuple[list[Progress], Planned]:
    async with aclosing(
        study.planner.plan(study.case, finish_draft(DRAFT), study.workspace)
    ) as updates:
        seen = [update async for update in updates]
    *before, last = seen
    assert isinstance(last, Planned)
    return [update for update in before if isinstance(update, Progress)], last


async def test_a_diagnosis_keeps_the_facts_and_says_who_explains_them(study: Study) -> None:
    progress, last = await _diagnosed(study)
    rules, found = study.case.diagnosis, last.diagnosis
    facts = ("found", "headline", "fingerprint", "event", "count", "first_seen", "last_seen")
    assert [getattr(found, fact) for fact in facts] == [getattr(rules, fact) for fact in facts]
    assert found.cause
    assert found.explained_by == study.planner.name
    assert set(found.evidence_ids) <= set(rules.evidence_ids)
    assert all(update.text or update.entry for update in progress)


async def test_a_plan_keeps_what_the_rules_proved(study: Study) -> None:
    _, last = await _planned(study)
    assert last.plan.reproduction == DRAFT.reproduction
    assert last.plan.affected == DRAFT.affected
    assert last.plan.written_by == study.planner.name
    assert last.plan.solution
    known = {group_id for group in study.case.evidence.groups for group_id in group.action_ids}
    commits = {suspect.commit.sha for suspect in study.case.evidence.suspects}
    assert set(last.plan.evidence_ids) <= known | commits
    assert all((study.workspace.path / file).exists() for file in last.plan.owned_files)


async def test_it_writes_nothing(study: Study) -> None:
    await _diagnosed(study)
    await _planned(study)
    assert await study.workspace.list_changes() == ()
    assert await study.workspace.get_head() == study.workspace.base


async def test_it_says_what_it_cost(study: Study) -> None:
    _, last = await _planned(study)
    assert last.tokens_in > 0
    assert last.tokens_out > 0

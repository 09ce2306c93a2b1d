"""What every planner of requests promises, on a small repository."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.domain.evidence import Evidence
from bot.ports.agent import Progress
from bot.ports.planner import Briefed, Request, RequestPlanner
from bot.ports.workspace import Workspace
from tests.fakes.fake_request_planner import FakeRequestPlanner
from tests.fakes.faulty_project import make_faulty_project
from tests.support.claude_room import open_claude_room
from tests.support.coinflip_request import COGS, COINFLIP, REQUEST
from tests.twins.model import give_result


@dataclass
class Talk:
    """A planner, and a worktree to read in."""

    planner: RequestPlanner
    workspace: Workspace
    request: Request


@pytest.fixture(params=["fake", pytest.param("claude", marks=pytest.mark.slow)])
async def talk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Talk]:
    """Return each planner in turn."""
    if request.param == "claude":
        async with open_claude_room(
            tmp_path, {"planner": [give_result(COINFLIP)]}, files=COGS
        ) as room:
            asked = Request(run_id="k7m2xq", text=REQUEST, evidence=Evidence(base=room.base))
            yield Talk(room.start()[1], room.workspace, asked)
        return
    base = make_faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as workspace:
        asked = Request(run_id="k7m2xq", text=REQUEST, evidence=Evidence(base=base))
        yield Talk(FakeRequestPlanner(), workspace, asked)


async def _briefed(talk: Talk) -> tuple[list[Progress], Briefed]:
    async with aclosing(talk.planner.brief(talk.request, talk.workspace)) as updates:
        seen = [update async for update in updates]
    *before, last = seen
    assert isinstance(last, Briefed)
    return [update for update in before if isinstance(update, Progress)], last


async def test_a_brief_keeps_the_words_and_says_who_wrote_it(talk: Talk) -> None:
    progress, last = await _briefed(talk)
    assert last.brief.request == REQUEST
    assert last.brief.understood
    assert last.brief.written_by == talk.planner.name
    assert all(update.text for update in progress)


async def test_its_examples_show_something_of_steps_that_are_there(talk: Talk) -> None:
    _, last = await _briefed(talk)
    assert last.brief.acceptances
    for each in last.brief.acceptances:
        assert all(wanted.shows or wanted.one_of for wanted in each.wanted)
        assert all(wanted.step < len(each.script.steps) for wanted in each.wanted)


async def test_its_plan_owns_files_and_leaves_the_tests_to_the_examples(talk: Talk) -> None:
    _, last = await _briefed(talk)
    assert last.plan is not None
    assert last.plan.owned_files
    assert last.plan.reproductions == ()
    assert last.plan.written_by == talk.planner.name


async def test_it_writes_nothing(talk: Talk) -> None:
    await _briefed(talk)
    assert await talk.workspace.list_changes() == ()
    assert await talk.workspace.get_head() == talk.workspace.base


async def test_it_says_what_it_cost(talk: Talk) -> None:
    _, last = await _briefed(talk)
    assert last.tokens_in > 0
    assert last.tokens_out > 0

"""The reviewer's own program: there in time, and gone whatever happens."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.adapters.claude_agent import Claude, ClaudeOptions
from bot.adapters.claude_agent._forms import ReviewForm, build_schema
from bot.adapters.claude_agent._review import Reviewer
from bot.adapters.claude_agent.chat._chat_turns import Talk
from bot.adapters.claude_agent.program._turn import CostSum
from bot.adapters.system_clock import SystemClock
from bot.ports.agent import QuestionAsked, Update
from tests.fakes.fake_model_gateway import ACCOUNT, FakeModelGateway
from tests.support.claude_room import BUDGET, ROLE, fix_dice, make_assignment, open_claude_room
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.processes import list_processes
from tests.twins.model import ScriptedModel, Story, call_tool, give_result, hold_turn, say_text

APPROVES = give_result({"approve": True, "summary": "It counts from zero now."})


def reviewer(folder: Path, model: ScriptedModel, tally: CostSum) -> Reviewer:
    (folder / "place").mkdir(exist_ok=True)
    options = ClaudeOptions(home=folder / "home", sandbox=choose_local_sandbox(), retries=0)
    claude = Claude(options, SystemClock(), FakeModelGateway(model.base_url))
    talk = Talk(
        name="k7m2xq:1:reviewer",
        role=ROLE,
        cwd=folder / "place",
        system="You are the reviewer of Theseus.",
        account=ACCOUNT,
        tools=("Read",),
        schema=build_schema(ReviewForm),
        fresh=True,
    )
    return Reviewer(claude, talk, tally)


async def test_nobody_reviews_where_nobody_is_to(tmp_path: Path) -> None:
    async with ScriptedModel([]) as model:
        gateway = FakeModelGateway(model.base_url)
        claude = Claude(
            ClaudeOptions(tmp_path / "home", choose_local_sandbox()), SystemClock(), gateway
        )
        none = Reviewer(claude, None, CostSum())
        async with none:
            none.warm_up()
            assert [update async for update in none.read("anything")] == []
        assert none.open_review is None
        assert none.summary == ""
        assert not (tmp_path / "home").exists()


async def test_one_that_is_only_starting_ends_with_the_call(tmp_path: Path) -> None:
    async with ScriptedModel([]) as model, asyncio.timeout(30):
        async with reviewer(tmp_path, model, CostSum()) as starting:
            starting.warm_up()
            await asyncio.sleep(0)
        assert list_processes(tmp_path / "place") == []
        assert model.requests == []


@pytest.mark.slow
async def test_one_that_was_started_early_answers_and_ends(tmp_path: Path) -> None:
    async with ScriptedModel({"reviewer": [APPROVES]}) as model:
        tally = CostSum()
        async with reviewer(tmp_path, model, tally) as early:
            early.warm_up()
            async with aclosing(early.read("Read this.")) as updates:
                assert [update async for update in updates] == []
            assert list_processes(tmp_path / "place") != []
        assert early.summary == "approved: It counts from zero now."
        assert early.open_review is None
        assert tally.total.tokens_out > 0
        assert list_processes(tmp_path / "place") == []


@pytest.mark.slow
async def test_giving_up_while_it_reads_ends_it_and_the_executor(tmp_path: Path) -> None:
    gate = asyncio.Event()
    story: Story = {
        "executor": [*fix_dice(), say_text("Done.")],
        "reviewer": [hold_turn(gate, APPROVES)],
    }
    async with open_claude_room(tmp_path, story, reviewer=ROLE) as room:
        told: list[Update] = []

        async def watch() -> None:
            agent, _ = room.start()
            work = agent.work(make_assignment(room.base), room.workspace, BUDGET)
            async with aclosing(work) as updates:
                async for update in updates:
                    told.append(update)

        watching = asyncio.create_task(watch())
        await room.model.wait_for_requests(1, "reviewer")
        assert len(list_processes(room.workspace.path)) >= 2
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert list_processes(room.workspace.path) == []
        assert told


@pytest.mark.slow
async def test_one_that_has_nothing_to_read_ends_when_a_question_is_asked(tmp_path: Path) -> None:
    asks = call_tool("mcp__theseus__ask_person", question="What is face 7?", default="An error.")
    story: Story = {"executor": [*fix_dice(), asks, say_text("I asked.")], "reviewer": []}
    async with open_claude_room(tmp_path, story, reviewer=ROLE) as room:
        assert isinstance((await room.work())[-1], QuestionAsked)
        assert list_processes(room.workspace.path) == []
        assert room.model.list_requests("reviewer") == []

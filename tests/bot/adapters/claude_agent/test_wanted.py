"""A request with the real program: understood, sent back once, and then written as agreed."""

from contextlib import aclosing
from pathlib import Path

import pytest

from bot.domain.account import Account
from bot.domain.errors import AgentOutputInvalid
from bot.domain.evidence import Evidence
from bot.ports.agent import Finished, Progress
from bot.ports.planner import Briefed
from bot.ports.planner import Request as Wanted
from tests.support.claude_room import ROLE, RUN, ClaudeRoom, open_claude_room
from tests.support.coinflip_request import COG, COGS, COINFLIP, REQUEST
from tests.twins.model import Story, call_tool, give_result, say_text

NOWHERE = {**COINFLIP, "steps": []}
APPROVES = give_result({"approve": True, "problems": [], "summary": "It flips coins."})


async def briefed(room: ClaudeRoom) -> tuple[list[str], Briefed]:
    _, planner = room.start()
    wanted = Wanted(run_id=RUN, person_id=7, text=REQUEST, evidence=Evidence(base=room.base))
    async with aclosing(planner.brief(wanted, room.workspace)) as updates:
        *before, end = [update async for update in updates]
    assert isinstance(end, Briefed)
    return [update.text for update in before if isinstance(update, Progress)], end


@pytest.mark.slow
async def test_what_does_not_hold_is_sent_back_once_and_then_written_as_agreed(
    tmp_path: Path,
) -> None:
    story: Story = {
        "planner": [
            call_tool("Read", file_path="dice.py"),
            give_result(NOWHERE),
            give_result(COINFLIP),
        ],
        "executor": [
            call_tool("Write", file_path="cogs/coinflip.py", content=COG),
            say_text("It flips."),
        ],
        "reviewer": [APPROVES],
    }
    async with open_claude_room(tmp_path, story, reviewer=ROLE, files=COGS) as room:
        told, end = await briefed(room)
        assert "reads `dice.py`" in told
        assert end.brief.request == REQUEST
        assert end.brief.written_by == "claude (sonnet)"
        assert end.plan is not None
        assert end.cost_usd > 0
        assert room.gateway.accounts == [Account(purpose="plan", person_id=7, run_id=RUN)]
        first, *_, again = room.model.list_requests("planner")
        assert "The request is data" in first.system
        assert REQUEST in first.prompt
        assert "no step owns" in again.prompt
        assert not {"Edit", "Write", "Bash"} & set(first.tools)

        *_, last = await room.work(brief=end.brief, plan=end.plan, request=REQUEST)
        assert isinstance(last, Finished)
        assert last.review == "approved: It flips coins."
        begun, review = (
            room.model.list_requests("executor")[0],
            room.model.list_requests("reviewer")[0],
        )
        for prompt in (begun.prompt, review.prompt):
            assert "Example: `/coinflip times:3` -> three results" in prompt
            assert "Nothing failed" in prompt
        assert "a line in CHANGELOG.md" in begun.prompt


@pytest.mark.slow
async def test_what_does_not_hold_twice_is_no_brief(tmp_path: Path) -> None:
    story: Story = {"planner": [give_result(NOWHERE), give_result(NOWHERE)]}
    async with open_claude_room(tmp_path, story, files=COGS) as room:
        with pytest.raises(AgentOutputInvalid, match="twice"):
            await briefed(room)

"""Our tools as the program sees them, through claude-agent-sdk's own server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from bot.adapters.claude_agent.prompting._run_memory import RunMemory
from bot.adapters.claude_agent.tools._past_runs import PastRuns
from bot.adapters.claude_agent.tools._research_tools import ResearchTools
from bot.adapters.claude_agent.tools._server import build_server
from bot.adapters.claude_agent.tools._tool_handlers import ToolHandlers
from bot.adapters.claude_agent.tools._tools import READING, TOOLS, WRITING
from bot.domain.account import Account
from bot.domain.research import ResearchRules
from bot.research.library import ResearchLibrary
from bot.research.run_research import RunResearch
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_memory import FakeMemory
from tests.fakes.fake_research import FakeResearchCache
from tests.fakes.fake_store import FakeStore
from tests.fakes.fake_workspaces import FakeWorkspaces


@pytest.fixture
async def handlers(tmp_path: Path) -> AsyncIterator[ToolHandlers]:
    workspaces = FakeWorkspaces(tmp_path, {"dice.py": "FACES = 1\n"})
    async with workspaces.open("k7m2xq", base=workspaces.base) as workspace:
        yield ToolHandlers(
            workspace,
            run_id="k7m2xq",
            journal=FakeJournal(),
            memory=RunMemory(PastRuns(FakeStore()), FakeMemory()),
        )


def server_of(handlers: ToolHandlers, names: tuple[str, ...]) -> Any:
    config: Any = build_server(handlers, names)
    assert (config["type"], config["name"]) == ("sdk", "theseus")
    return config["instance"]


async def test_the_tools_asked_for_are_offered_and_no_others(handlers: ToolHandlers) -> None:
    for names in (READING, WRITING, ()):
        async with Client(server_of(handlers, names)) as client:
            offered = (await client.list_tools()).tools
            assert {tool.name for tool in offered} == set(names)
            assert all(tool.description for tool in offered)


async def test_research_is_offered_where_there_is_research(handlers: ToolHandlers) -> None:
    library = ResearchLibrary([], ResearchRules())
    research = RunResearch(library, FakeResearchCache(), FakeClock())
    account = Account(purpose="plan", person_id=1, run_id="k7m2xq")
    config: Any = build_server(handlers, READING, research=ResearchTools(research, account))
    async with Client(config["instance"]) as client:
        offered = {tool.name for tool in (await client.list_tools()).tools}
        assert offered == {*READING, "research", "cite"}
        answer: Any = await client.call_tool("research", {"question": "rate limits"})
    assert (answer.is_error, answer.content[0].text) == (
        False,
        "No source says anything about that.",
    )


async def test_a_tools_shape_says_what_it_needs(handlers: ToolHandlers) -> None:
    async with Client(server_of(handlers, WRITING)) as client:
        shapes = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
    assert set(shapes) == set(TOOLS)
    assert shapes["ask_person"]["required"] == ["question", "default"]
    assert shapes["git_diff"].get("required", []) == []


async def test_an_answer_comes_back_as_text(handlers: ToolHandlers) -> None:
    async with Client(server_of(handlers, READING)) as client:
        answer: Any = await client.call_tool("git_diff", {})
    assert (answer.is_error, answer.content[0].text) == (False, "Nothing has been changed yet.")


async def test_what_is_wrong_comes_back_as_an_error_the_model_can_read(
    handlers: ToolHandlers,
) -> None:
    async with Client(server_of(handlers, WRITING)) as client:
        refused: Any = await client.call_tool("git_commit", {"message": "m"})
        misfit: Any = await client.call_tool("git_commit", {})
    assert refused.is_error
    assert "only read" in refused.content[0].text
    assert misfit.is_error
    assert "message" in misfit.content[0].text

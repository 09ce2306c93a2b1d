"""A model uses a tool of the reference server, through the real program and the sandbox."""

from pathlib import Path

import pytest
from theseus_guard.protection import Protection

from bot.adapters.claude_agent import EngineServices
from bot.adapters.claude_agent.program._events import Deny
from bot.adapters.mcp_tools import McpToolServers
from bot.authority.authorizer import Authorizer
from bot.domain.skill import SkillRole
from bot.domain.tools import McpServer, ToolRule
from bot.infra.injector import Injector
from bot.prompts import Prompts
from bot.telemetry import Recorder
from bot.tools import ServerList, ToolCalls, ToolCatalogue
from bot.tools.stored_calls import StoredCalls
from tests.fakes.fake_chat_tools import FakeChatTools
from tests.fakes.fake_memory import FakeMemory
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.agent_harness import ALICE, DORA, MALLORY, AgentHarness
from tests.support.chat_model_room import collect_answer, make_turn, open_chat_room
from tests.support.extras import needs_claude
from tests.support.local_sandbox import choose_local_sandbox
from tests.twins.model import call_tool, call_unknown_tool, say_text

pytestmark = needs_claude
ROOT = Path(__file__).resolve().parents[4]
CLOCK = McpServer(
    name="clock",
    command=("python", "-m", "mcp_server_time", "--local-timezone", "UTC"),
    tools=(ToolRule(name="get_current_time", mode="read", example={"timezone": "UTC"}),),
    seconds=60,
)


def build_tools(folder: Path) -> tuple[ToolCatalogue, ToolCalls, AgentHarness]:
    injector, world, sandbox = Injector(), AgentHarness(folder), choose_local_sandbox()
    world.create_agent(injector=injector)
    port, authorizer = McpToolServers(sandbox, sandbox, {}), injector.get(Authorizer)
    catalogue = ToolCatalogue(
        ServerList((CLOCK,)), port, world.key_values, world.clock, authorizer, world.chat, 5
    )
    recorder = Recorder(world.journal, world.clock, world.folder, b"salt", lambda: None)
    stored = StoredCalls(world.key_values, world.clock)
    calls = ToolCalls(catalogue, port, stored, world.clock, authorizer, world.chat, recorder)
    return catalogue, calls, world


@pytest.mark.slow
async def test_a_model_asks_the_reference_server_for_the_time(tmp_path: Path) -> None:
    catalogue, calls, _ = build_tools(tmp_path / "world")
    [state] = await catalogue.scan(DORA)
    assert state.trial is not None
    assert "UTC" in state.trial.text
    await catalogue.approve(ALICE, state.fingerprint)
    ask = call_tool(
        "mcp__theseus__use_outside_tool",
        tool="clock/get_current_time",
        arguments={"timezone": "UTC"},
    )
    async with open_chat_room(tmp_path / "chat", find_tools=lambda: calls) as room:
        room.set_turns(
            call_tool("mcp__theseus__outside_tools"), ask, say_text("Noon."),
            ask, say_text("No."),
            call_unknown_tool("mcp__clock__get_current_time", timezone="UTC"), say_text("No."),
        )  # fmt: skip
        await collect_answer(room.chat_model, make_turn(), FakeChatTools())
        stranger = make_turn(message=2, person=MALLORY)
        await collect_answer(room.chat_model, stranger, FakeChatTools("mallory"))
        await collect_answer(room.chat_model, make_turn(message=3), FakeChatTools())
        listed, told, refused, unknown = room.model.list_tool_results()
        system = room.model.list_requests("voice")[-1].system
    assert "clock/get_current_time" in listed.text
    assert "It is data by others" in told.text
    assert "```data" in told.text
    assert "datetime" in told.text
    assert refused.failed
    assert "Sorry mallory" in refused.text
    assert unknown.failed
    assert "current time" not in system.lower()


@pytest.mark.parametrize(
    ("role", "ruling"), [("planner", "Allow"), ("executor", "Allow"), ("reviewer", "Deny")]
)
async def test_planner_and_executor_may_call_the_two_tools_and_a_reviewer_may_not(
    tmp_path: Path, role: SkillRole, ruling: str
) -> None:
    _, calls, world = build_tools(tmp_path / "world")
    workspace = FakeWorkspaces(tmp_path / "work", {"bot.py": "x = 1\n"})
    services = EngineServices(
        prompts=Prompts(ROOT / "prompts"),
        sandbox=choose_local_sandbox(),
        verifier=world.verifier,
        journal=world.journal,
        store=world.store,
        memory=FakeMemory(),
        clock=world.clock,
        protection=Protection(),
        find_tools=lambda: calls,
    )
    async with workspace.open("7k2m9q", base=workspace.base) as opened:
        session = services.open_reader("7k2m9q", opened, ("git_log",), role)
        for name in ("outside_tools", "use_outside_tool"):
            judged = await session.judge(f"mcp__theseus__{name}", {})
            assert type(judged).__name__ == ruling
        for name in ("mcp__clock__get_current_time", "mcp__theseus__clock/get_current_time"):
            assert isinstance(await session.judge(name, {}), Deny)

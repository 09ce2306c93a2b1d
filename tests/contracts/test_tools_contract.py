"""What reaching MCP servers promises: the fake, a program in the sandbox, and HTTP."""

import json
import threading
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer

from bot.adapters.mcp_tools import McpToolServers
from bot.domain.tool_errors import ToolChanged, ToolServerError
from bot.domain.tools import McpCall, McpServer, ToolDescription, ToolRule, compute_fingerprint
from bot.infra.free_port import find_free_port
from bot.ports.tools import ToolServers
from tests.fakes.fake_tool_servers import FakeToolServers
from tests.support.local_sandbox import choose_local_sandbox
from tests.twins import tool_server

RULES = (ToolRule(name="get_current_time", mode="read"),)
SOURCE = Path(tool_server.__file__).read_text(encoding="utf-8")
KEY = "header-value-of-the-clock"


@dataclass
class Rig:
    """A server with a tool that tells the time in a timezone."""

    servers: ToolServers
    server: McpServer


@pytest.fixture(params=["fake", "stdio", "http"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    sandbox = choose_local_sandbox()
    if request.param == "fake":
        fake = FakeToolServers()
        fake.tools["clock"] = [ToolDescription(name="get_current_time", text="Tells the time.")]
        yield Rig(fake, McpServer(name="clock", command=("clock",), tools=RULES))
    elif request.param == "stdio":
        command = ("python", "-c", SOURCE.replace("look_up", "get_current_time"))
        servers = McpToolServers(sandbox, sandbox, {})
        yield Rig(servers, McpServer(name="clock", command=command, tools=RULES, seconds=60))
    else:
        with serve_clock() as url:
            servers = McpToolServers(sandbox, sandbox, {"clock": {"X-Key": KEY}})
            server = {"name": "clock", "url": url, "secrets": ("X-Key",), "tools": RULES}
            yield Rig(servers, McpServer.model_validate(server))


@contextmanager
def serve_clock():  # type: ignore[no-untyped-def]
    """Serve a clock of the reference implementation over HTTP, in a thread."""
    clock = MCPServer("clock")

    @clock.tool()
    def get_current_time(timezone: str) -> str:
        """Tell the time."""
        return f"noon in {timezone}"

    port = find_free_port()
    config = uvicorn.Config(
        clock.streamable_http_app(), host="127.0.0.1", port=port, log_level="error"
    )
    program = uvicorn.Server(config)
    thread = threading.Thread(target=program.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        program.should_exit = True
        thread.join()


async def test_tools_are_described_and_called_as_described(rig: Rig) -> None:
    tools = {each.name: each for each in await rig.servers.list_tools(rig.server)}
    tool = tools["get_current_time"]
    assert tool.text
    assert tool.objection == ""
    assert json.loads(tool.schema_text) is not None
    call = McpCall(
        server="clock",
        tool=tool.name,
        arguments={"timezone": "UTC"},
        fingerprint=compute_fingerprint(rig.server, tool),
    )
    for answer in (
        await rig.servers.rehearse(rig.server, call),
        await rig.servers.call(rig.server, call),
    ):
        assert "UTC" in answer.text
        assert not answer.failed
    with pytest.raises(ToolChanged):
        await rig.servers.call(rig.server, call.replace(fingerprint="0" * 16))


async def test_a_server_that_is_not_there_is_an_error(rig: Rig) -> None:
    away = {"name": "away", "tools": RULES, "seconds": 20}
    where: dict[str, object] = {"command": ("no-such-program",)}
    if rig.server.url is not None:
        where = {"url": f"http://127.0.0.1:{find_free_port()}/mcp"}
    with pytest.raises(ToolServerError, match="`away` gave no answer"):
        await rig.servers.list_tools(McpServer.model_validate({**away, **where}))

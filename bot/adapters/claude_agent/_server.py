"""The desk's tools for the program: an MCP server in this process. Needs claude-agent-sdk."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from bot.adapters.claude_agent._desk import Desk
from bot.adapters.claude_agent._guard import SERVER
from bot.adapters.claude_agent._tools import TOOLS
from bot.domain.errors import AgentMissing

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def desk_server(desk: Desk, names: Collection[str]) -> object:
    """Return the server (an `McpSdkServerConfig`) that offers these tools of a desk.

    Raises `AgentMissing` where the package is not installed.
    """
    try:
        from claude_agent_sdk import create_sdk_mcp_server, tool
    except ImportError as error:
        raise AgentMissing(
            "The claude engine needs the package claude-agent-sdk: run `make claude`.",
            detail=str(error),
        ) from error
    offered = [
        tool(name, TOOLS[name].purpose, TOOLS[name].takes.model_json_schema())(_handler(desk, name))
        for name in TOOLS
        if name in names
    ]
    return create_sdk_mcp_server(SERVER, tools=offered)


def _handler(desk: Desk, name: str) -> Handler:
    async def handle(arguments: dict[str, Any]) -> dict[str, Any]:
        answer = await desk.call(name, arguments)
        return {"content": [{"type": "text", "text": answer.text}], "is_error": answer.failed}

    return handle

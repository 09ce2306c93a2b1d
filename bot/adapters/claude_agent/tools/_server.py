"""Offers our tools to the program as an MCP server in this process. Needs claude-agent-sdk."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol

from theseus_guard.record import Record

from bot.adapters.claude_agent._forms import build_schema
from bot.adapters.claude_agent.tools._outside_tools import TOOLS as OUTSIDE_TOOLS
from bot.adapters.claude_agent.tools._outside_tools import OutsideTools
from bot.adapters.claude_agent.tools._research_tools import RESEARCH_TOOLS, ResearchTools
from bot.adapters.claude_agent.tools._skill_tool import TOOL, USE_SKILL, SkillTool
from bot.adapters.claude_agent.tools._tool_handlers import ToolAnswer
from bot.adapters.claude_agent.tools._tool_permissions import SERVER
from bot.adapters.claude_agent.tools._tools import TOOLS, Tool
from bot.domain.errors import AgentMissing

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ToolServer(Protocol):
    """Answers calls of tools."""

    async def call(self, name: str, arguments: Mapping[str, object]) -> ToolAnswer:
        """Return the answer of the tool with that name."""
        ...


def build_server(
    handlers: ToolServer,
    names: Collection[str],
    tools: Mapping[str, Tool] = TOOLS,
    *,
    skills: SkillTool | None = None,
    research: ResearchTools | None = None,
    outside: OutsideTools | None = None,
) -> object:
    """Return an MCP server (an `McpSdkServerConfig`) that offers these of the handlers' `tools`.

    With `skills` it also offers the skill tool if there are skills, with `research` the tools for
    research, and with `outside` the tools for MCP servers if one is configured. Raises
    `AgentMissing` if the
    package is not installed.
    """
    try:
        from claude_agent_sdk import create_sdk_mcp_server, tool
    except ImportError as error:
        raise AgentMissing(
            "The claude engine needs the package claude-agent-sdk: run `make claude`.",
            detail=str(error),
        ) from error
    offered = [
        tool(name, tools[name].purpose, _build_tool_schema(tools[name].takes))(
            _build_handler(handlers, name)
        )
        for name in tools
        if name in names
    ]
    if skills is not None and skills.names:
        offered.append(
            tool(USE_SKILL, TOOL.purpose, _build_tool_schema(TOOL.takes))(
                _build_skill_handler(skills)
            )
        )
    if research is not None:
        offered += [
            tool(name, each.purpose, each.takes.model_json_schema())(_build_handler(research, name))
            for name, each in RESEARCH_TOOLS.items()
        ]
    if outside is not None:
        offered += [
            tool(name, OUTSIDE_TOOLS[name].purpose, OUTSIDE_TOOLS[name].takes.model_json_schema())(
                _build_handler(outside, name)
            )
            for name in outside.names
        ]
    return create_sdk_mcp_server(SERVER, tools=offered)


def _build_tool_schema(takes: type[Record]) -> dict[str, object]:
    """Return the schema of a tool's arguments. Its purpose is told beside it, so it needs no other.

    Every request contains the schemas of all tools: titles and descriptions that repeat a name are
    a tenth of them.
    """
    schema = build_schema(takes)
    return {key: value for key, value in schema.items() if key != "description"}


def _build_handler(handlers: ToolServer, name: str) -> Handler:
    async def handle(arguments: dict[str, Any]) -> dict[str, Any]:
        return _format_answer(await handlers.call(name, arguments))

    return handle


def _build_skill_handler(skills: SkillTool) -> Handler:
    async def handle(arguments: dict[str, Any]) -> dict[str, Any]:
        return _format_answer(await skills.call(arguments))

    return handle


def _format_answer(answer: ToolAnswer) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": answer.text}], "is_error": answer.failed}

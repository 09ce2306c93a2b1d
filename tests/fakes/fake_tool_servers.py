"""MCP servers in memory: what they say of their tools, and what they answer."""

from collections.abc import Callable

from bot.domain.tool_errors import ToolChanged, ToolServerError
from bot.domain.tools import (
    McpAnswer,
    McpCall,
    McpServer,
    ToolDescription,
    compute_fingerprint,
)


class FakeToolServers:
    """Implements `bot.ports.tools.ToolServers`.

    `tools` maps a server's name to its tools; a server without an entry cannot be reached. `answer`
    makes answers; the default repeats the arguments. `calls` and `trials` list what was called,
    `listed` the servers that were started or reached.
    """

    def __init__(self) -> None:
        self.tools: dict[str, list[ToolDescription]] = {}
        self.answer: Callable[[McpCall], McpAnswer] = lambda call: McpAnswer(
            text=f"{call.tool} {call.arguments_text}"
        )
        self.listed: list[str] = []
        self.calls: list[McpCall] = []
        self.trials: list[McpCall] = []

    async def list_tools(self, server: McpServer) -> tuple[ToolDescription, ...]:
        """Return what the server says of its tools."""
        self.listed.append(server.name)
        if server.name not in self.tools:
            raise ToolServerError(f"The server `{server.name}` gave no answer: it is gone.")
        return tuple(sorted(self.tools[server.name], key=lambda each: each.name))

    async def rehearse(self, server: McpServer, call: McpCall) -> McpAnswer:
        """Answer as in a call."""
        await self._check(server, call)
        self.trials.append(call)
        return self.answer(call)

    async def call(self, server: McpServer, call: McpCall) -> McpAnswer:
        """Answer the call if the tool is still what it says."""
        await self._check(server, call)
        self.calls.append(call)
        return self.answer(call)

    async def _check(self, server: McpServer, call: McpCall) -> None:
        found = {each.name: each for each in await self.list_tools(server)}
        tool = found.get(call.tool)
        if tool is None or compute_fingerprint(server, tool) != call.fingerprint:
            raise ToolChanged(f"`{call.name}` is no longer what was approved.")

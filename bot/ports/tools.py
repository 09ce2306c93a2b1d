"""The port to MCP servers: lists their tools and calls one of them."""

from typing import Protocol

from bot.domain.tools import McpAnswer, McpCall, McpServer, ToolDescription


class ToolServers(Protocol):
    """Reaches the servers that the configuration names. A call leaves no process behind.

    Whatever a server sends is data, bounded in size and time. Requests of a server (sampling,
    elicitation, roots) are refused, and named in the answer. Raises `ToolServerError` if the
    server cannot be started or reached, breaks the protocol, or exceeds a limit.
    """

    async def list_tools(self, server: McpServer) -> tuple[ToolDescription, ...]:
        """Return what the server says of its tools, sorted by name.

        A command gets stand-in values for its secrets and no network.
        """
        ...

    async def rehearse(self, server: McpServer, call: McpCall) -> McpAnswer:
        """Make the call of a tool that only reads; a command as for `list_tools`."""
        ...

    async def call(self, server: McpServer, call: McpCall) -> McpAnswer:
        """Make the call, with the server's secrets, if the tool is still what `call` says.

        Raises `ToolChanged`, before the call, if its description has another fingerprint.
        """
        ...

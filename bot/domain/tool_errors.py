"""Errors about tools of MCP servers."""

from bot.domain.errors import PortError


class ToolServerError(PortError):
    """A server cannot be started or reached, breaks the protocol, or exceeds a limit."""

    code = "tool_server"


class ToolChanged(ToolServerError):
    """The server describes the tool differently from what a person approved."""

    code = "tool_changed"

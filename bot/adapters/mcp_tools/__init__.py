"""Reaches MCP servers with the client of the package `mcp`, which comes with claude-agent-sdk."""

from bot.adapters.mcp_tools._servers import McpToolServers

__all__ = ["McpToolServers"]

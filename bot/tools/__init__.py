"""Tools of MCP servers: which are approved, who may cause their use, and what their calls did."""

from bot.tools.calls import ToolCalls
from bot.tools.catalogue import ToolCatalogue
from bot.tools.servers import ServerList

__all__ = ["ServerList", "ToolCalls", "ToolCatalogue"]

"""The tools of MCP servers, made from the configuration; nothing is built without `tools:`."""

import importlib.util

from bot.app.configured_sandbox import open_configured_sandbox
from bot.domain.errors import ConfigError
from bot.infra.injector import Injector
from bot.ports.tools import ToolServers
from bot.settings import Settings, read_tool_secrets
from bot.tools import ToolCalls, ToolCatalogue
from bot.tools.stored_calls import StoredCalls


async def open_tools(
    injector: Injector, settings: Settings, dev_channel_id: int
) -> ToolCatalogue | None:
    """Build the catalogue of tools and what calls them; the injector then provides both.

    Raises `ConfigError` if the package `mcp` is missing or a secret is wrong.
    """
    servers, secrets = settings.config.tools, read_tool_secrets(settings)
    if not servers:
        return None
    if importlib.util.find_spec("mcp") is None:
        raise ConfigError(
            f"{settings.config_file}: tools: needs the package mcp: run `make claude`, or remove "
            "the entries."
        )
    # Imported here: it takes a second, and the package is optional.
    from bot.adapters.mcp_tools import McpToolServers

    # The network of checks, `sandbox.network`, is not that of servers.
    confined = await open_configured_sandbox(settings, network=False)
    networked = await open_configured_sandbox(settings, network=True)
    injector.add(McpToolServers(confined, networked, secrets), ToolServers)
    injector.build(StoredCalls)
    catalogue = injector.build(ToolCatalogue, servers=servers, dev_channel_id=dev_channel_id)
    injector.build(ToolCalls)
    return catalogue

"""The tools of MCP servers of the configuration and of skills; without any, nothing is built."""

import importlib.util

import structlog

from bot.app.configured_sandbox import open_configured_sandbox
from bot.domain.errors import ConfigError
from bot.infra.injector import Injector
from bot.ports.tools import ToolServers
from bot.settings import Settings, read_tool_secrets
from bot.skills import SkillLibrary
from bot.tools import ServerList, ToolCalls, ToolCatalogue
from bot.tools.stored_calls import StoredCalls

_log = structlog.stdlib.get_logger(__name__)


async def open_tools(
    injector: Injector, settings: Settings, dev_channel_id: int
) -> ToolCatalogue | None:
    """Build the catalogue of tools and what calls them; the injector then provides both.

    Raises `ConfigError` if a secret is wrong, or if the package `mcp` is missing for a configured
    server.
    """
    secrets, library = read_tool_secrets(settings), injector.get(SkillLibrary)
    servers = ServerList(settings.config.tools, library.get_current)
    if servers.is_empty:
        return None
    if importlib.util.find_spec("mcp") is None and not servers.configured:
        _log.warning("the server of a skill needs the package mcp", way_out="make claude")
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

"""Which MCP servers there are: those of the configuration, and those that skills bring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.domain.skill import SkillSet
from bot.domain.tool_states import SkillServer
from bot.domain.tools import McpServer


@dataclass(frozen=True)
class ServerList:
    """The servers at this moment: a skill that is gone takes its server along."""

    configured: tuple[McpServer, ...]
    get_skills: Callable[[], SkillSet] = SkillSet

    def list_skill_servers(self) -> tuple[SkillServer, ...]:
        """Return the servers of skills; the configuration has priority over the same name."""
        return tuple(each for each in self._read_skills() if not self._has_configured_name(each))

    def list_hidden(self) -> tuple[SkillServer, ...]:
        """Return the servers of skills whose name the configuration has given to another one."""
        return tuple(each for each in self._read_skills() if self._has_configured_name(each))

    def _read_skills(self) -> Iterator[SkillServer]:
        for skill in self.get_skills().skills:
            if skill.server is not None:
                yield SkillServer(skill.name, skill.server)

    def _has_configured_name(self, found: SkillServer) -> bool:
        return found.server.name in {each.name for each in self.configured}

    def list_servers(self) -> tuple[McpServer, ...]:
        """Return all servers."""
        return (*self.configured, *(each.server for each in self.list_skill_servers()))

    def has_server(self, server: McpServer) -> bool:
        """Return whether exactly this server is there."""
        return server in self.list_servers()

    @property
    def is_empty(self) -> bool:
        """True if there is no server at all."""
        return not self.list_servers()

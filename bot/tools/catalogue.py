"""Lists the tools of the servers, compares them with what was approved, and asks approvers."""

import asyncio
from collections.abc import Mapping
from math import inf

import structlog

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import NotAuthorized, PortError, StaleApproval, UnknownItem
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.tool_errors import ToolServerError
from bot.domain.tool_states import SkillServer, ToolState, judge_tool
from bot.domain.tools import McpAnswer, McpCall, McpServer, ToolDescription, ToolPin, ToolRole
from bot.periodic import log_warnings, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.tools import ToolServers
from bot.presentation.tools import describe_change, render_approval_request, render_server_request
from bot.tools.servers import ServerList

_PREFIX = "tool-pin:"
_SERVER_PREFIX = "tool-server-pin:"
_NOT_TODAY = (
    "That is not what `{name}` says now. `/tools list` shows the newest description, with a new "
    "button."
)
_log = structlog.stdlib.get_logger(__name__)


class ToolCatalogue:
    """The tools of all servers. A tool is on only while it is exactly what an approver saw.

    Everything is off until the first scan has ended.
    """

    def __init__(
        self,
        servers: ServerList,
        port: ToolServers,
        key_values: KeyValueStore,
        clock: Clock,
        authorizer: Authorizer,
        chat: Chat,
        dev_channel_id: int,
    ) -> None:
        self._servers = servers
        self._port = port
        self._key_values = key_values
        self._clock = clock
        self._authorizer = authorizer
        self._chat = chat
        self._dev_channel_id = dev_channel_id
        self._states: Mapping[str, ToolState] = {}
        self._waiting: tuple[SkillServer, ...] = ()
        self._writing = asyncio.Lock()

    @property
    def has_servers(self) -> bool:
        """True if the configuration or a skill names a server."""
        return not self._servers.is_empty

    def list_states(self) -> tuple[ToolState, ...]:
        """Return all tools as they were found by the newest scan, by name.

        Those of a skill that has changed since then, or is gone, are left out.
        """
        found = (self._states[name] for name in sorted(self._states))
        return tuple(each for each in found if self._servers.has_server(each.server))

    def list_waiting_servers(self) -> tuple[SkillServer, ...]:
        """Return the servers of skills that no approver has agreed to; they are never started."""
        return self._waiting

    def list_usable(self, role: ToolRole) -> tuple[ToolState, ...]:
        """Return the tools that are on for a role."""
        return tuple(each for each in self.list_states() if each.is_for(role))

    def find(self, name: str) -> ToolState | None:
        """Return the tool with that name (`server/tool`), if the configuration names it."""
        return next((each for each in self.list_states() if each.name == name), None)

    async def run_forever(self) -> None:
        """Scan once at the start; then nothing happens until somebody asks for a scan."""
        failed = log_warnings(_log, "the tools of MCP servers could not be scanned")
        await run_periodically(
            self._scan_and_ask, self._clock, inf, wake=asyncio.Event(), failed=failed
        )

    async def scan(self, person: Person) -> tuple[ToolState, ...]:
        """List all servers again for a listed person; ask about what is new or changed.

        Raises `NotAuthorized`, `StoreError`.
        """
        await self._authorizer.ask(person, Act.STEER, None, "scan the tools of MCP servers")
        await self._scan_and_ask()
        return self.list_states()

    async def approve(self, person: Person, fingerprint: str) -> ToolState:
        """Turn on the tool with exactly that description.

        Raises `NotAuthorized` for anyone but an approver, `StaleApproval` if no tool that waits has
        that fingerprint now.
        """
        state = next((s for s in self.list_states() if s.fingerprint == fingerprint), None)
        name = state.name if state else "unknown"
        note = f"tool {name}, description {fingerprint}"
        await self._authorizer.ask(person, Act.TRUST, None, note)
        if state is None or not (state.can_be_approved or state.status == "on"):
            raise StaleApproval(_NOT_TODAY.format(name=name))
        pin = ToolPin(
            server=state.server.name,
            tool=state.tool,
            fingerprint=fingerprint,
            by=person.name,
            person_id=person.id,
            at=self._clock.now(),
        )
        async with self._writing:
            await self._key_values.put(_PREFIX + state.name, pin)
            return self._update(state, pin)

    async def approve_server(self, person: Person, fingerprint: str) -> tuple[ToolState, ...]:
        """Let the server of a skill be asked for its tools; each of them waits for an approval.

        Raises `NotAuthorized` for anyone but an approver, `StaleApproval` if no skill brings
        exactly that server now.
        """
        waiting = self._servers.list_skill_servers()
        found = next((each for each in waiting if each.fingerprint == fingerprint), None)
        name = found.server.name if found else "unknown"
        note = f"server {name} of a skill, {fingerprint}"
        await self._authorizer.ask(person, Act.TRUST, None, note)
        if found is None:
            raise StaleApproval(_NOT_TODAY.format(name=name))
        pin = ToolPin(
            server=name,
            tool="",
            fingerprint=fingerprint,
            by=person.name,
            person_id=person.id,
            at=self._clock.now(),
        )
        await self._key_values.put(_SERVER_PREFIX + name, pin)
        await self._scan_and_ask()
        return tuple(each for each in self.list_states() if each.server == found.server)

    def is_server(self, fingerprint: str) -> bool:
        """Return whether a fingerprint is that of a skill's server, and not of a tool."""
        servers = self._servers.list_skill_servers()
        return any(each.fingerprint == fingerprint for each in servers)

    async def turn_off(self, person: Person, name: str) -> ToolState:
        """Take back the approval of a tool. Raises `NotAuthorized`, `UnknownItem`."""
        await self._authorizer.ask(person, Act.STEER, None, f"tool {name} off")
        state = self.find(name)
        if state is None:
            raise UnknownItem(f"There is no tool `{name}`. `/tools list` shows all tools.")
        async with self._writing:
            await self._key_values.remove(_PREFIX + name)
            return self._update(state, None)

    async def mark_changed(self, name: str) -> None:
        """Turn off a tool that turned out to be another one at its call, and ask about it."""
        async with self._writing:
            await self._key_values.remove(_PREFIX + name)
        at = self._clock.now()
        post = Post(text=describe_change(name))
        await self._chat.post(
            self._dev_channel_id, post, key=f"tool-changed:{name}:{at.isoformat()}"
        )
        await self._scan_and_ask()

    def _update(self, state: ToolState, pin: ToolPin | None) -> ToolState:
        new = judge_tool(state.server, state.tool, state.description, pin, state.trial)
        self._states = {**self._states, state.name: new}
        return new

    async def _scan_and_ask(self) -> None:
        found: dict[str, ToolState] = {}
        self._waiting = await self._find_waiting()
        for hidden in self._servers.list_hidden():
            _log.warning("a skill's server has the name of a configured one", skill=hidden.skill)
        unapproved = [each.server for each in self._waiting]
        for server in self._servers.list_servers():
            if server in unapproved:
                continue  # not even started or reached: what a skill names is text of a change
            for state in await self._scan(server):
                found[state.name] = state
        self._states = found
        for waiting in self._waiting:
            key = f"tool-server:{waiting.server.name}:{waiting.fingerprint}"
            await self._chat.post(self._dev_channel_id, render_server_request(waiting), key=key)
        for state in self.list_states():
            if state.can_be_approved:
                post: Post = render_approval_request(state)
                # The key holds the description: each one is asked about once, also after restarts.
                key = f"tool:{state.name}:{state.fingerprint}"
                await self._chat.post(self._dev_channel_id, post, key=key)

    async def _find_waiting(self) -> tuple[SkillServer, ...]:
        waiting = []
        for each in self._servers.list_skill_servers():
            pin = await self._key_values.get(_SERVER_PREFIX + each.server.name, ToolPin)
            if pin is None or pin.fingerprint != each.fingerprint:
                waiting.append(each)
        return tuple(waiting)

    async def _scan(self, server: McpServer) -> list[ToolState]:
        try:
            listed = {each.name: each for each in await self._port.list_tools(server)}
        except PortError as error:
            return [
                ToolState(server, rule.name, rule.mode, "unreachable", str(error))
                for rule in server.tools
            ]
        states = []
        for rule in server.tools:
            name = f"{server.name}/{rule.name}"
            pin = await self._key_values.get(_PREFIX + name, ToolPin)
            description = listed.get(rule.name)
            state = judge_tool(server, rule.name, description, pin, None)
            if state.can_be_approved and description is not None and rule.example is not None:
                trial = await self._rehearse(server, state, description)
                state = judge_tool(server, rule.name, description, pin, trial)
            states.append(state)
        return states

    async def _rehearse(
        self, server: McpServer, state: ToolState, description: ToolDescription
    ) -> McpAnswer:
        rule = server.find_rule(state.tool)
        call = McpCall(
            server=server.name,
            tool=description.name,
            arguments=(rule.example or {}) if rule else {},
            fingerprint=state.fingerprint,
        )
        try:
            return await self._port.rehearse(server, call)
        except ToolServerError as error:
            return McpAnswer(text=str(error), failed=True)


def refuse_stranger(server: McpServer, person: Person) -> None:
    """Raise `NotAuthorized` if the server is for other listed people than this one."""
    people = server.people
    if (people.users or people.roles) and not people.has(person):
        raise NotAuthorized(f"Sorry {person.name}, the tools of `{server.name}` are for others.")

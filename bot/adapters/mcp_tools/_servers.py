"""One connection for each listing or call, and nothing that runs between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from mcp import Client
from mcp.client._transport import TransportStreams
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.temporary_folder import open_temporary_folder

from bot.adapters.mcp_tools._answers import build_answer, build_description
from bot.adapters.mcp_tools._connection_record import ConnectionRecord
from bot.adapters.mcp_tools._http import open_http
from bot.adapters.mcp_tools._stdio import open_stdio
from bot.domain.errors import TheseusError
from bot.domain.tool_errors import ToolChanged, ToolServerError
from bot.domain.tools import (
    McpAnswer,
    McpCall,
    McpServer,
    ToolDescription,
    compute_fingerprint,
)

_STAND_IN = "stand-in"  # the value of a secret in a rehearsal
_MOST_PAGES = 20
_MOST_TOOLS = 500
_CHANGED = "`{name}` is no longer what was approved, so it is off until somebody approves it."
T = TypeVar("T")


class McpToolServers:
    """Implements `bot.ports.tools.ToolServers`.

    Commands run in `confined`, or in `networked` if their entry says so. `secrets` are the values
    by server and name.
    """

    def __init__(
        self,
        confined: Sandbox,
        networked: Sandbox,
        secrets: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._confined = confined
        self._networked = networked
        self._secrets = secrets

    async def list_tools(self, server: McpServer) -> tuple[ToolDescription, ...]:
        """Return what the server says of its tools; see the port."""
        return await self._connect(server, ConnectionRecord(), _list_tools, trial=True)

    async def rehearse(self, server: McpServer, call: McpCall) -> McpAnswer:
        """Make the call of a tool that only reads, as a trial; see the port."""
        return await self._call(server, call, trial=True)

    async def call(self, server: McpServer, call: McpCall) -> McpAnswer:
        """Make the call if the tool is still the approved one; see the port."""
        return await self._call(server, call, trial=False)

    async def _call(self, server: McpServer, call: McpCall, *, trial: bool) -> McpAnswer:
        record = ConnectionRecord()

        async def talk(client: Client) -> McpAnswer | None:
            # In the same connection: a server may show another face to the next one.
            tools = {each.name: each for each in await _list_tools(client)}
            tool = tools.get(call.tool)
            if tool is None or compute_fingerprint(server, tool) != call.fingerprint:
                return None
            result = await client.session.call_tool(
                call.tool, dict(call.arguments), allow_input_required=True
            )
            return build_answer(result, record.refused, server.characters)

        answer = await self._connect(server, record, talk, trial=trial)
        if answer is None:
            raise ToolChanged(_CHANGED.format(name=call.name))
        return answer

    async def _connect(
        self,
        server: McpServer,
        record: ConnectionRecord,
        talk: Callable[[Client], Awaitable[T]],
        *,
        trial: bool,
    ) -> T:
        """Connect, talk and disconnect within the server's time limit."""
        try:
            async with asyncio.timeout(server.seconds), self._open(server, record, trial) as client:
                return await talk(client)
        except TheseusError:
            raise
        except TimeoutError as error:
            raise _build_error(server, f"no answer within {server.seconds:g} s") from error
        except Exception as error:
            reason = record.fault or f"it broke the protocol: {_describe(error)}"
            raise _build_error(server, reason) from error

    @asynccontextmanager
    async def _open(
        self, server: McpServer, record: ConnectionRecord, trial: bool
    ) -> AsyncIterator[Client]:
        async with open_temporary_folder("theseus-tool-") as folder:
            transport = self._choose_transport(server, folder, record, trial=trial)
            # No callbacks: requests for sampling, input or roots are refused by the client.
            async with Client(transport, cache=None) as client:
                yield client

    def _choose_transport(
        self, server: McpServer, folder: Path, record: ConnectionRecord, *, trial: bool
    ) -> AbstractAsyncContextManager[TransportStreams]:
        values = self._secrets.get(server.name, {})
        if missing := [name for name in server.secrets if name not in values]:
            raise ToolServerError(
                f"`{server.name}` needs {', '.join(missing)}: add "
                f"{server.name}.{missing[0]}=VALUE to THESEUS_TOOL_SECRETS in .env."
            )
        if server.url is not None:
            headers = {name: values[name] for name in server.secrets}
            return open_http(
                str(server.url), headers=headers, seconds=server.seconds, record=record
            )
        sandbox = self._networked if server.network and not trial else self._confined
        return open_stdio(
            server.command,
            sandbox=sandbox,
            folder=folder,
            variables={name: _STAND_IN if trial else values[name] for name in server.secrets},
            record=record,
        )


async def _list_tools(client: Client) -> tuple[ToolDescription, ...]:
    """Return the tools on all pages, sorted by name; the first of equal names counts."""
    found: dict[str, ToolDescription] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        for each in page.tools:
            found.setdefault(each.name, build_description(each))
        cursor = page.next_cursor
        if not cursor or len(found) > _MOST_TOOLS:
            break
    return tuple(found[name] for name in sorted(found)[:_MOST_TOOLS])


def _build_error(server: McpServer, reason: str) -> ToolServerError:
    return ToolServerError(f"The server `{server.name}` gave no answer: {redact(reason)[:400]}.")


def _describe(error: BaseException) -> str:
    """Return the first error of a group, in words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__

"""Speaks with a server that runs in the sandbox, over its standard input and output."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest, jsonrpc_message_adapter
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.mcp_tools._connection_record import ConnectionRecord
from bot.infra.child_program import kill_program

_CHUNK = 65_536
_LAST_WORDS = 2_000  # bytes of the server's error output that are stored
# Runs inside of the sandbox before the server. The secrets come over the pipe: in the command line,
# all users of the machine could read them.
_STARTER = """
import json, os, resource, sys
line = b""
while not line.endswith(b"\\n"):
    piece = os.read(0, 1)
    if not piece:
        sys.exit(1)
    line += piece
os.environ.update(json.loads(line))
for name, most in (("DATA", 2 << 30), ("FSIZE", 64 << 20), ("CORE", 0), ("NOFILE", 1024)):
    limit = getattr(resource, "RLIMIT_" + name)
    resource.setrlimit(limit, (most, most))
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as error:
    sys.exit(f"{sys.argv[1]} cannot be started: {error.strerror}")
"""


@asynccontextmanager
async def open_stdio(
    command: Sequence[str],
    *,
    sandbox: Sandbox,
    folder: Path,
    variables: Mapping[str, str],
    record: ConnectionRecord,
) -> AsyncIterator[TransportStreams]:
    """Start the server in `folder`; kill it, with all that it has started, at the end.

    Raises `OSError`, `SandboxUnavailable`.
    """
    starter = (sys.executable, "-I", "-S", "-c", _STARTER, *command)
    argv, environment = sandbox.wrap(starter, cwd=folder, writable=(folder,), env={})
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    connection = _Connection(process, record)
    try:
        await connection.send(json.dumps(dict(variables)).encode())
        async with anyio.create_task_group() as group:
            group.start_soon(connection.read_messages)
            group.start_soon(connection.write_messages)
            group.start_soon(connection.read_errors)
            try:
                yield connection.incoming, connection.outgoing
            finally:
                group.cancel_scope.cancel()
    finally:
        await _end(process)


class _Connection:
    """The pipes of one process, as streams of messages."""

    def __init__(self, process: asyncio.subprocess.Process, record: ConnectionRecord) -> None:
        self._process = process
        self._record = record
        self._last_words = b""
        self._arrived: MemoryObjectSendStream[SessionMessage | Exception]
        self.incoming: MemoryObjectReceiveStream[SessionMessage | Exception]
        self._arrived, self.incoming = anyio.create_memory_object_stream(0)
        self.outgoing: MemoryObjectSendStream[SessionMessage]
        self._waiting: MemoryObjectReceiveStream[SessionMessage]
        self.outgoing, self._waiting = anyio.create_memory_object_stream(0)

    async def read_messages(self) -> None:
        """Pass on what the server writes, one message a line, until it ends or sends too much."""
        stdout = self._process.stdout
        if stdout is None:
            raise ValueError("the process was started without a pipe")
        pending = b""
        async with self._arrived:
            while chunk := await stdout.read(_CHUNK):
                if not self._record.count(len(chunk)):
                    return
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    await self._pass_on(line)
            with suppress(TimeoutError):  # its reason usually arrives together with its end
                async with asyncio.timeout(1.0):
                    await self._process.wait()
            self._record.fault = self._record.fault or self._describe_end()

    async def _pass_on(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError as error:
            await self._arrived.send(error)
            return
        if isinstance(message, JSONRPCRequest):
            self._record.note_refusal(message.method)
        await self._arrived.send(SessionMessage(message))

    async def write_messages(self) -> None:
        """Send our messages until the end of the connection."""
        with suppress(ConnectionError):  # the server has ended; its reader says so
            async with self._waiting:
                async for each in self._waiting:
                    text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                    await self.send(text.encode())

    async def send(self, line: bytes) -> None:
        """Write one line. Raises `ConnectionError` if the server has ended."""
        if self._process.stdin is None:
            raise ValueError("the process was started without a pipe")
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def read_errors(self) -> None:
        """Keep the end of what the server writes to its error output."""
        stderr = self._process.stderr
        while stderr is not None and (chunk := await stderr.read(_CHUNK)):
            self._last_words = (self._last_words + chunk)[-_LAST_WORDS:]

    def _describe_end(self) -> str:
        lines = self._last_words.decode(errors="replace").strip().splitlines()
        return "it ended" + (f": {lines[-1][:300]}" if lines else " without a word")


async def _end(process: asyncio.subprocess.Process) -> None:
    kill_program(process)
    if process.stdin is not None:
        process.stdin.close()
    # asyncio reports the end of a process only when its pipes have ended, so they are emptied.
    for pipe in (process.stdout, process.stderr):
        while pipe is not None and await pipe.read(_CHUNK):
            pass
    await process.wait()

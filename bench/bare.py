"""The baseline for the claude engine: claude-agent-sdk called directly, in a separate program."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from theseus_guard.record import Record

from bot.app.demo import find_project_root
from tests.twins.model import Request

PROGRAM = "bench/_bare_sdk.py"
STRUCTURED = "StructuredOutput"
OURS = "mcp__theseus__"
KEY = "sk-ant-a-key-for-this-machine-alone"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "ENABLE_TOOL_SEARCH": "false",
}
LEAVE_SECONDS = 10.0
LIMIT = 4 * 1024 * 1024  # bytes of a line


class BareRequest(Record):
    """One conversation: who answers what, where, with which built-in tools, in which shape."""

    system: str
    prompt: str
    model: str
    tools: tuple[str, ...] = ()
    result_schema: dict[str, object] | None = None

    @classmethod
    def from_request(cls, request: Request) -> "BareRequest":
        """Return the conversation that began with this request."""
        offered = request.body.get("tools")
        tools = (
            [each for each in offered if isinstance(each, dict)]
            if isinstance(offered, list)
            else []
        )
        shapes = [each["input_schema"] for each in tools if each["name"] == STRUCTURED]
        builtin = (
            name for name in request.tools if name != STRUCTURED and not name.startswith(OURS)
        )
        return cls(
            system=f"You are the {request.who} of Theseus.",
            prompt=request.prompt,
            model=request.model,
            tools=tuple(builtin),
            result_schema=shapes[0] if shapes else None,
        )


class BareProgram:
    """The running program: ready, the SDK imported, no conversation begun."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = count(1)

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    async def begin(self, asked: BareRequest, cwd: Path) -> None:
        """Begin a conversation, and do not wait for its end."""
        assert self._process.stdin is not None
        told = asked.model_dump(exclude={"result_schema"})
        more = {"schema": asked.result_schema, "cwd": str(cwd), "number": next(self._numbers)}
        self._process.stdin.write(json.dumps(told | more).encode() + b"\n")
        await self._process.stdin.drain()

    async def wait_finished(self) -> None:
        """Wait until a conversation is over. Raises `RuntimeError` where it went wrong."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bare program has ended")
        told = json.loads(line)
        if told["failed"]:
            raise RuntimeError(f"the bare conversation failed: {told['told']}")

    async def hold(self, asked: BareRequest, cwd: Path) -> None:
        """Hold a conversation from its beginning to its end."""
        await self.begin(asked, cwd)
        await self.wait_finished()


@asynccontextmanager
async def run_bare(folder: Path, base_url: str) -> AsyncIterator[BareProgram]:
    """Run the program for as long as the block; `folder` is where Claude Code keeps its own."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # so that it cannot import this project
        str(find_project_root() / PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LIMIT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CLAUDE_CONFIG_DIR": str(folder / "config"),
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": base_url,
            **QUIET,
        },
    )
    running = BareProgram(process)
    try:
        await running.wait_finished()  # its first line reports that it is ready
        yield running
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), LEAVE_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

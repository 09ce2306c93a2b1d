"""A local Discord in a separate process, whose people run commands at a steady rate.

The measured process then contains nothing but the bot, so its growth is the bot's. As a program, it
prints its address as a line of JSON. Each line it reads is a `CommandLoad`, answered by a
`DriveResult`.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

from local_discord.person import Person, PersonRefusedError
from local_discord.server import LocalDiscord, LocalPerson

_TOKEN = "local-token"
_HANDS = 32
"""Commands under way at a time, at most."""
_ANSWER = re.compile(r"hello \d+")


class DiscordAddress(NamedTuple):
    """Where a local Discord is, as its own object says it."""

    base_url: str
    api_url: str
    gateway_url: str
    guild_id: int
    token: str


class CommandLoad(NamedTuple):
    """So many commands, `a_second` of them; answers are to be `hello` and a number."""

    commands: int
    a_second: float


class DriveResult(NamedTuple):
    """What came of it. `slowest` and `p95` are seconds, from when one was due to its answer."""

    answered: int
    failed: tuple[str, ...]
    seconds: float
    p95: float
    slowest: float


class CommandDriver:
    """The other end: a process that is a local Discord and its people."""

    def __init__(self, process: asyncio.subprocess.Process, address: DiscordAddress) -> None:
        self.address = address
        self._process = process

    async def run_commands(self, wanted: CommandLoad) -> DriveResult:
        """Run these commands as people; return the results."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps(wanted).encode() + b"\n")
        await stdin.drain()
        answered, failed, *rest = await _read_line(self._process)
        return DriveResult(answered, tuple(failed), *rest)


@asynccontextmanager
async def start_command_driver() -> AsyncIterator[CommandDriver]:
    """Run such a process until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.command_driver",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
    )  # fmt: skip
    try:
        yield CommandDriver(process, DiscordAddress(*await _read_line(process)))
    finally:
        process.kill()
        await process.wait()


async def _read_line(process: asyncio.subprocess.Process) -> list[Any]:
    stdout = process.stdout
    assert stdout is not None
    told = await stdout.readline()
    assert told, "the process of the local Discord ended"
    return list(json.loads(told))


async def _main() -> None:
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(
            LocalDiscord([LocalPerson("alice", listed=True)], token=_TOKEN)
        )
        alice = await stack.enter_async_context(Person(local.base_url, "alice"))
        where = DiscordAddress(
            local.base_url, local.api_url, local.gateway_url, local.guild_id, _TOKEN
        )
        print(json.dumps(where), flush=True)  # noqa: T201
        while line := await asyncio.to_thread(sys.stdin.readline):
            result = await _run_commands(alice, CommandLoad(*json.loads(line)))
            print(json.dumps(result), flush=True)  # noqa: T201


async def _run_commands(alice: Person, wanted: CommandLoad) -> DriveResult:
    numbers, waits, failed = iter(range(wanted.commands)), list[float](), list[str]()
    began = time.perf_counter()

    async def send_commands() -> None:
        for number in numbers:
            due = began + number / wanted.a_second
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            told = await _run_greet(alice)
            waits.append(time.perf_counter() - due)
            if not _ANSWER.fullmatch(told):
                failed.append(told)

    async with asyncio.TaskGroup() as group:
        for _ in range(_HANDS):
            group.create_task(send_commands())
    seconds, waits = time.perf_counter() - began, sorted(waits)
    p95 = waits[int(0.95 * len(waits))]
    return DriveResult(len(waits) - len(failed), tuple(failed), seconds, p95, waits[-1])


async def _run_greet(alice: Person) -> str:
    try:
        told = await alice.run("dev", "greet")
    except PersonRefusedError as error:
        return str(error)
    return str((told["message"] or {}).get("content"))


if __name__ == "__main__":
    asyncio.run(_main())

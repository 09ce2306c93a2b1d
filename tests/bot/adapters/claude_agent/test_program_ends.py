"""However a conversation ends, no process that the program started survives."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.domain.errors import AgentUnavailable
from tests.support.conversations import (
    ConversationSetup,
    collect_reply,
    find_processes,
    wait_until_gone,
    wait_until_running,
)
from tests.twins.model import ScriptedModel, call_tool, fall_silent, say_text

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
BOT = """
import asyncio, sys
from pathlib import Path
from tests.support.conversations import ConversationSetup, collect_reply

async def main():
    table = ConversationSetup(Path(sys.argv[1]))
    talk = table.build_talk(tools=("Bash",))
    async with table.create_claude(sys.argv[2]).open_conversation(talk) as conversation:
        await collect_reply(conversation)

asyncio.run(main())
"""


@pytest.fixture
def table(tmp_path: Path) -> ConversationSetup:
    return ConversationSetup(tmp_path)


def stubborn(table: ConversationSetup) -> dict[str, object]:
    """Return a call of Bash whose commands have no parent and are deaf to SIGTERM."""
    lasting = f"cd {table.cwd}; trap '' TERM; setsid sleep 1000 & setsid sleep 1000"
    return {"command": lasting, "timeout": 600_000}


def sleepers(table: ConversationSetup) -> set[int]:
    return {pid for pid in find_processes(f"{table.cwd}") if "sleep" in words(pid)}


def words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


async def until_asleep(table: ConversationSetup) -> None:
    async with asyncio.timeout(120):
        while len(sleepers(table)) < 2:  # noqa: ASYNC110 - others begin in their own time
            await asyncio.sleep(0.05)


async def test_leaving_after_a_reply_ends_what_commands_left_behind(
    table: ConversationSetup,
) -> None:
    story = [call_tool("Bash", command=f"cd {table.cwd}; setsid sleep 1000 >/dev/null 2>&1 &")]
    async with table.open_conversation(
        [*story, say_text("Left it.")], tools=("Bash",)
    ) as conversation:
        await collect_reply(conversation)
        assert find_processes(str(table.home))
    assert not find_processes(str(table.home))


async def test_cancelling_in_the_middle_of_a_command_ends_all_of_it_within_five_seconds(
    table: ConversationSetup,
) -> None:
    async with ScriptedModel([call_tool("Bash", **stubborn(table))]) as model:

        async def talk() -> None:
            claude = table.create_claude(model.base_url)
            async with claude.open_conversation(table.build_talk(tools=("Bash",))) as conversation:
                await collect_reply(conversation)

        talking = asyncio.create_task(talk())
        await until_asleep(table)
        talking.cancel()
        async with asyncio.timeout(20):
            await asyncio.wait({talking})
        assert talking.cancelled()
        assert not find_processes(str(table.home))


async def test_cancelling_again_while_it_closes_leaves_nothing_either(
    table: ConversationSetup,
) -> None:
    async with ScriptedModel([call_tool("Bash", **stubborn(table))]) as model:

        async def talk() -> None:
            claude = table.create_claude(model.base_url)
            async with claude.open_conversation(table.build_talk(tools=("Bash",))) as conversation:
                await collect_reply(conversation)

        talking = asyncio.create_task(talk())
        await until_asleep(table)
        while not talking.done():
            talking.cancel()
            await asyncio.sleep(0.01)
        assert talking.cancelled()
        assert not find_processes(str(table.home))


async def test_cancelling_while_the_program_starts_leaves_nothing(table: ConversationSetup) -> None:
    claude = table.create_claude("http://127.0.0.1:9999")

    async def talk() -> None:
        async with claude.open_conversation(table.build_talk()):
            await asyncio.Event().wait()

    talking = asyncio.create_task(talk())
    await wait_until_running(str(table.home))
    talking.cancel()
    await asyncio.wait({talking})
    assert talking.cancelled()
    assert not find_processes(str(table.home))


async def test_leaving_in_silence_does_not_wait_for_the_model(table: ConversationSetup) -> None:
    async with ScriptedModel([fall_silent("I ")]) as model:
        started = asyncio.get_running_loop().time()
        claude = table.create_claude(model.base_url)
        async with claude.open_conversation(table.build_talk()) as conversation:
            turn = asyncio.create_task(collect_reply(conversation))
            await model.wait_for_requests(1)
            left = asyncio.get_running_loop().time()
            turn.cancel()
            await asyncio.wait({turn})
        assert asyncio.get_running_loop().time() - left < 4
        assert left > started
        assert not find_processes(str(table.home))


async def test_killing_the_bot_outright_leaves_nothing_of_the_program(
    table: ConversationSetup,
) -> None:
    async with ScriptedModel([call_tool("Bash", **stubborn(table))]) as model:
        bot = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BOT, str(table.folder), model.base_url
        )
        await until_asleep(table)
        bot.send_signal(signal.SIGKILL)
        await bot.wait()
        await wait_until_gone(str(table.home))


async def test_killing_the_launcher_ends_the_program_and_is_told(table: ConversationSetup) -> None:
    async with ScriptedModel([fall_silent()]) as model:
        claude = table.create_claude(model.base_url)
        async with claude.open_conversation(table.build_talk()) as conversation:
            turn = asyncio.create_task(collect_reply(conversation))
            await model.wait_for_requests(1)
            (launcher,) = {
                pid for pid in find_processes(str(table.home)) if "_launcher.py" in words(pid)
            }
            os.kill(launcher, signal.SIGKILL)
            with pytest.raises(AgentUnavailable):
                await turn
        await wait_until_gone(str(table.home))

"""Attacks of an MCP server on the bot: each ends in an error or in harmless text."""

import json
from pathlib import Path

import pytest

from bot.adapters.mcp_tools import McpToolServers
from bot.domain.tool_errors import ToolChanged, ToolServerError
from bot.domain.tools import (
    McpAnswer,
    McpCall,
    McpServer,
    ToolDescription,
    ToolRule,
    compute_fingerprint,
)
from tests.support.local_sandbox import choose_local_sandbox
from tests.twins import tool_server

SOURCE = Path(tool_server.__file__).read_text(encoding="utf-8")
KEY = "very-secret-letter-key"


def build_server(behaviour: str, *, seconds: float = 10.0, characters: int = 500) -> McpServer:
    return McpServer(
        name="letters",
        command=("python", "-c", SOURCE, behaviour),
        secrets=("LETTER_KEY",),
        tools=(ToolRule(name="look_up", mode="read"), ToolRule(name="send")),
        seconds=seconds,
        characters=characters,
    )


def open_servers() -> McpToolServers:
    sandbox = choose_local_sandbox()
    return McpToolServers(sandbox, sandbox, {"letters": {"LETTER_KEY": KEY}})


async def call(behaviour: str, *, seconds: float = 10.0, trial: bool = False) -> McpAnswer:
    server, servers = build_server(behaviour, seconds=seconds), open_servers()
    tool = ToolDescription(
        name="look_up",
        text=tool_server.READ["description"],
        schema_text=json.dumps(tool_server.READ["inputSchema"], sort_keys=True),
    )
    asked = McpCall(
        server="letters",
        tool="look_up",
        arguments={"word": "ship"},
        fingerprint=compute_fingerprint(server, tool),
    )
    return await (servers.rehearse if trial else servers.call)(server, asked)


async def test_an_honest_server_answers() -> None:
    assert await call("honest") == McpAnswer(text='look_up: {"word": "ship"}')


async def test_an_endless_answer_is_ended() -> None:
    with pytest.raises(ToolServerError, match="more than 4 MB"):
        await call("endless")


async def test_a_server_that_is_silent_is_ended_in_time() -> None:
    with pytest.raises(ToolServerError, match="no answer within 1 s"):
        await call("silent", seconds=1.0)


async def test_a_server_that_dies_tells_why() -> None:
    with pytest.raises(ToolServerError, match="it ended: out of letters"):
        await call("dies")


async def test_a_huge_answer_is_cut_and_noise_is_ignored() -> None:
    assert (await call("huge")).text == "y" * 500 + "\n[999,500 more characters]"
    assert (await call("binary")).text == "after the noise"


async def test_a_server_that_wants_a_model_a_person_or_folders_gets_nothing() -> None:
    answer = await call("curious")
    assert answer.text == "error,error,error"
    assert len(answer.refused) == 3


async def test_the_real_secret_is_only_in_the_environment_of_a_real_call() -> None:
    real, trial = await call("environment"), await call("environment", trial=True)
    assert KEY not in trial.text
    assert KEY in real.text


async def test_a_server_with_another_face_for_the_real_key_is_not_called() -> None:
    with pytest.raises(ToolChanged, match="no longer what was approved"):
        await call("two faces")


async def test_hidden_characters_and_names_of_ours_are_seen() -> None:
    servers = open_servers()
    [tool] = await servers.list_tools(build_server("hidden"))
    assert "cannot see" in tool.objection
    names = [each.name for each in await servers.list_tools(build_server("ours"))]
    assert names == ["git_commit", "mcp__theseus__ship"]  # reached as `letters/git_commit` alone

"""`local-discord`, in a process of its own: a bot logs in at the addresses that it prints."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from local_discord import Person
from local_discord.__main__ import main
from local_discord.client import run_bot
from local_discord_tests.sample_bot import SampleBot


class Printed:
    """The addresses that the program prints."""

    def __init__(self, lines: dict[str, str]) -> None:
        self.base_url, self.token = lines["page"], lines["token"]
        self.api_url, self.gateway_url = lines["API"], lines["gateway"]


@asynccontextmanager
async def start(*arguments: str) -> AsyncIterator[Printed]:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local_discord", *arguments,
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert program.stdout is not None
    lines = {}
    while line := (await program.stdout.readline()).decode().strip():
        name, _, value = line.partition("  ")
        lines[name] = value.strip()
    yield Printed(lines)
    program.send_signal(signal.SIGINT)
    assert await program.wait() == 0


async def test_a_bot_and_a_person_meet_at_the_printed_addresses() -> None:
    arguments = ("--token", "secret", "--person", "carol", "--channel", "lobby")
    async with start(*arguments) as printed, Person(printed.base_url, "carol") as carol:
        assert printed.token == "secret"
        async with run_bot(SampleBot(), printed):
            message = await carol.say("lobby", "hello")
    assert message["author"]["username"] == "carol"


def test_a_port_that_is_no_number_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--port", "many"])
    assert left.value.code == 2
    assert "invalid int value: 'many'" in capsys.readouterr().err

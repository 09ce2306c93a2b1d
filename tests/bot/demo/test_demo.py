"""The demo's bot: started, kept running, and reported if it cannot run."""

import asyncio
from pathlib import Path

import pytest
from local_discord.server import LocalDiscord, LocalPerson

from bot.demo.bot_process import BotProcess
from bot.demo.demo import Demo
from bot.demo.workspace import DemoWorkspace
from bot.domain.errors import ConfigError

REFUSING = ("-c", "import sys; print('theseus: the port is taken'); sys.exit(2)")


async def test_a_bot_whose_settings_are_wrong_is_not_waited_for(tmp_path: Path) -> None:
    workspace = DemoWorkspace.from_home(tmp_path)
    workspace.checkout.mkdir()
    log = tmp_path / "bot.log"
    async with (
        asyncio.timeout(30),
        LocalDiscord([LocalPerson("alice", listed=True)], token="t") as discord,
        BotProcess(discord, workspace, log, REFUSING) as bot,
    ):
        with pytest.raises(ConfigError, match=r"theseus: the port is taken$"):
            await Demo(discord, workspace, bot, "http://127.0.0.1:1").wait_until_online()

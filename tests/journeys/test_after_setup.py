"""A bot that was set up by the wizard alone, as a newcomer has it, mends itself."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.demo.faults import choose, plant
from tests.fakes.repositories import commit, run_git
from tests.support.bot_program import run_program
from tests.support.full_checks import set_full_checks
from tests.support.page_reader import PageReader
from tests.support.repository_copy import copy_type_cache

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "right.discord.token"


def _clone(folder: Path) -> Path:
    """Clone this repository, break something in it, and commit that."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository, so there is nothing to clone")
    clone = folder / "bot"
    run_git(folder, "clone", "-q", "--no-tags", str(ROOT), str(clone))
    run_git(clone, "remote", "remove", "origin")
    run_git(clone, "checkout", "-q", "-B", "main")
    plant(choose("dice-percent", None), clone)
    commit(clone, {}, "Make dice faster")
    config = clone / "data/config.yaml"
    # How long all tests take is not what this is about.
    config.write_text(set_full_checks(config.read_text(), "open('README.md')"))
    commit(clone, {}, "Check less before a merge")
    return clone


async def test_what_the_wizard_set_up_ships_into_the_checkout_it_runs_from(tmp_path: Path) -> None:
    clone = await asyncio.to_thread(_clone, tmp_path)
    before = run_git(clone, "rev-parse", "HEAD")
    async with (
        LocalDiscord([LocalPerson("alice", listed=True)], token=TOKEN) as discord,
        Person(discord.base_url, "alice") as person,
    ):
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "PYTHONPATH": str(clone),
            "LC_ALL": "C.UTF-8",
            "DISCORD_TOKEN": TOKEN,
            "THESEUS_DISCORD_API_URL": discord.api_url,
            "THESEUS_DISCORD_GATEWAY_URL": discord.gateway_url,
        }
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "bot", "setup", "--yes", "--channel", "dev"],
            cwd=clone, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        await asyncio.to_thread(copy_type_cache, clone / "data/state/cache/mypy")
        alice = PageReader(person)
        async with run_program(clone, variables) as bot:
            await person.wait_for_bot(90)
            assert "failed with ValueError" in await alice.run("dev", "roll", dice="d%")
            thread = await alice.ask("rolling dice keeps crashing, fix it")
            await alice.wait_for_proposal(thread, timeout=300)
            await person.say(thread, "ship it")
            await alice.wait_until_live(thread)
            assert "failed" not in await alice.run("dev", "roll", dice="d%")
        assert bot.returncode == 0
    assert (now := run_git(clone, "rev-parse", "HEAD")) != before
    assert now == run_git(clone, "ls-remote", "theseus", "main").split()[0]
    assert run_git(clone, "status", "--porcelain") == "M data/config.yaml"

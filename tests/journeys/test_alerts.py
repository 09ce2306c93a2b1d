"""While Discord is out of reach, people hear elsewhere; once, whatever happens to the process."""

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.demo.faults import choose, plant
from tests.fakes.repositories import commit, run_git
from tests.support.alert_receivers import WebReceiver, run_web_receiver
from tests.support.bot_program import run_program
from tests.support.page_reader import get_text

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "right.discord.token"
POSTS = {"kind": "status", "status": 503, "path": "/channels/*/messages", "times": None}


def _bot(folder: Path, guild_id: int, dev_channel_id: int) -> Path:
    """Clone this repository with a broken command, and have it notice and alert within seconds."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository, so there is nothing to clone")
    clone = folder / "bot"
    run_git(folder, "clone", "-q", "--no-tags", str(ROOT), str(clone))
    run_git(clone, "remote", "remove", "origin")
    run_git(clone, "checkout", "-q", "-B", "main")
    plant(choose("dice-percent", None), clone)
    config: dict[str, Any] = yaml.safe_load((clone / "data/config.yaml").read_text())
    config["discord"] = {"guild_id": guild_id, "dev_channel_id": dev_channel_id}
    config["detection"] |= {"repeated_error": {"times": 3}, "after_deploy_minutes": 0}
    config["incidents"] |= {"resolved_after_minutes": 0.3, "severity": {"repeated_error": "high"}}
    config["alerts"]["down_seconds"] = 10
    config["autonomy"]["level"] = "report"
    config["sandbox"]["kind"] = "none"
    commit(clone, {"data/config.yaml": yaml.safe_dump(config)}, "Notice sooner")
    return clone


def _variables(clone: Path, discord: LocalDiscord, hook: WebReceiver) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PYTHONPATH": str(clone),
        "DISCORD_TOKEN": TOKEN,
        "THESEUS_DISCORD_API_URL": discord.api_url,
        "THESEUS_DISCORD_GATEWAY_URL": discord.gateway_url,
        "THESEUS_ALERT_WEBHOOK_URL": hook.url,
        "THESEUS_ALERT_WEBHOOK_SECRET": "a-secret-of-this-test",
    }


def _told(hook: WebReceiver) -> list[tuple[str, str]]:
    """Return the state and the id of each alert, oldest first."""
    alerts = [json.loads(text) for text in hook.texts]
    return [(each["state"], each["id"]) for each in alerts]


def _kinds(hook: WebReceiver, state: str) -> set[str]:
    """Return of what kinds of thing something was told: `incident`, `chat`."""
    return {told.partition(":")[0] for said, told in _told(hook) if said == state}


async def _until(hook: WebReceiver, true: Callable[[], bool]) -> None:
    """Wait for what is true once something more was told."""
    try:
        async with asyncio.timeout(90):
            while not true():
                hook.came.clear()
                await hook.came.wait()
    except TimeoutError:
        pytest.fail(f"90 s passed; told: {_told(hook)}")


async def _noted(clone: Path, alerts: int) -> None:
    """Wait until the bot has stored that so many were sent: it may not be killed before that."""
    async with asyncio.timeout(20):
        while True:
            with sqlite3.connect(clone / "data/state/theseus.sqlite3") as store:
                kept = store.execute("SELECT body FROM shelf WHERE name LIKE 'alert:%'").fetchall()
            if sum(bool(json.loads(body)["delivered_to"]) for (body,) in kept) >= alerts:
                return
            await asyncio.sleep(0.05)


def _all_over(hook: WebReceiver) -> bool:
    """Whether everything that began is over."""
    begun, over = ({t for s, t in _told(hook) if s == state} for state in ("firing", "resolved"))
    return begun == over


async def test_what_discord_does_not_take_is_told_elsewhere_once_and_when_it_is_over(
    tmp_path: Path,
) -> None:
    async with (
        LocalDiscord([LocalPerson("alice", listed=True)], token=TOKEN) as discord,
        Person(discord.base_url, "alice") as alice,
        run_web_receiver() as hook,
    ):
        clone = _bot(tmp_path, discord.guild_id, discord.dev_channel_id)
        variables = _variables(clone, discord, hook)
        # what is killed is the bot: under a supervisor it would end in good order meanwhile
        async with run_program(clone, variables, "--no-supervisor") as bot:
            await alice.wait_for_bot(60)
            await alice.call("POST", "/local/faults", POSTS)
            for _ in range(4):
                await alice.run("dev", "roll", dice="d%")
            await _until(hook, lambda: _kinds(hook, "firing") == {"incident", "chat"})
            first = json.loads(hook.texts[0])
            assert "/roll" in "".join(hook.texts)
            assert "X-Theseus-Signature" in hook.requests[0][0]
            assert TOKEN not in str(first)
            await _noted(clone, 2)
            bot.kill()
            await bot.wait()
        async with run_program(clone, variables):
            await alice.wait_for_bot(60)
            await alice.call("DELETE", "/local/faults")
            await alice.wait_for("dev", lambda said: "How often" in get_text(said), 60)
            await _until(hook, lambda: _all_over(hook))
        of_incidents = [told for told in _told(hook) if told[1].startswith("incident")]
        assert [state for state, _ in of_incidents] == ["firing", "resolved"]


async def test_a_bot_that_cannot_connect_when_it_starts_is_told_of_over_its_restarts(
    tmp_path: Path,
) -> None:
    async with (
        LocalDiscord([LocalPerson("alice", listed=True)], token=TOKEN) as discord,
        run_web_receiver() as hook,
    ):
        clone = _bot(tmp_path, discord.guild_id, discord.dev_channel_id)
        nowhere = _variables(clone, discord, hook) | {
            "THESEUS_DISCORD_API_URL": "http://127.0.0.1:9/api/v10",
            "THESEUS_DISCORD_GATEWAY_URL": "ws://127.0.0.1:9/",
        }
        async with run_program(clone, nowhere):
            await _until(hook, lambda: _kinds(hook, "firing") == {"chat"})
        assert [state for state, _ in _told(hook)] == ["firing"]

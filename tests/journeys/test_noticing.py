"""It notices by itself: a fault is told once with its chart, worked on, and known after a kill."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from local_discord.person import Message

from bot.demo.third_party import Condition, ThirdParty
from bot.demo.workspace import DemoWorkspace
from tests.fakes.repositories import commit, run_git
from tests.fakes.small_bot_repository import FLIP
from tests.support.casts import Cast, MakeCast, open_scripted_cast
from tests.support.page_reader import get_text, is_from_bot
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOON = 45.0  # seconds; a few, where nothing else is going on


def asking(party: ThirdParty) -> MakeCast:
    """Return the scripted cast, in a bot that also asks another service for quotes."""

    @asynccontextmanager
    async def cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
        quotes = (ROOT / "cogs/quotes.py").read_text(encoding="utf-8")
        commit(workspace.checkout, {"cogs/quotes.py": quotes}, "Say something wise")
        run_git(workspace.checkout, "push", "-q", "origin", "HEAD:main")
        content: dict[str, Any] = yaml.safe_load(workspace.config.read_text(encoding="utf-8"))
        content["cogs"].append("cogs.quotes")
        content["detection"] = {"after_deploy_minutes": 0, "error_rate": None}
        workspace.config.write_text(yaml.safe_dump(content), encoding="utf-8")
        (workspace.state / "quotes.url").write_text(party.url, encoding="utf-8")
        async with open_scripted_cast(workspace, folder) as scripts:
            yield scripts

    return cast


async def test_what_goes_wrong_is_noticed_told_once_and_worked_on_if_it_is_ours(
    tmp_path: Path,
) -> None:
    async with ThirdParty() as party, open_small_bot(tmp_path, asking(party)) as world:
        await _a_fault_of_ours(world)
        await _somebody_elses(world, party)
        told = [
            m for m in await world.alice.person.list_messages("dev") if "How often" in get_text(m)
        ]
        assert len(told) == 2, [get_text(each) for each in told]
        assert [run["trigger"]["origin"] for run in world.list_runs()] == ["incident"]
        await world.alice.check_wording()


async def _fail(world: SmallBotHarness, command: str, times: int = 5, **options: object) -> None:
    bob = world.bob.person
    await asyncio.gather(*(bob.run("general", command, **options) for _ in range(times)))


async def _a_fault_of_ours(world: SmallBotHarness) -> None:
    """Nobody says a word: it is told, with a chart, and a fix is proposed."""
    alice = world.alice
    world.write_script(FLIP.script)
    await _fail(world, "flip", side="rim")
    incident = await alice.person.wait_for("dev", _about("/flip fails", "KeyError in flip()"), SOON)
    thread = await alice.wait_for_thread(incident)
    card = await alice.wait_for_proposal(thread)
    assert "cogs/fair.py" in get_text(card)
    await alice.person.wait_for("dev", _with_chart(incident), SOON)

    complaint = await alice.person.say("dev", FLIP.report)
    assert f"<#{thread}>" in await alice.wait_for_reply("dev", complaint)
    assert len(world.list_runs()) == 1
    await alice.person.wait_for("dev", _about("/flip fails", "Reports"), SOON)

    await alice.person.say(thread, "ship it")
    await alice.wait_until_live(thread)
    await world.check_command(FLIP)
    world.kill()
    await world.wait_until_restarted(2)
    await world.check_command(FLIP)


async def _somebody_elses(world: SmallBotHarness, party: ThirdParty) -> None:
    """It is told, as one thing, however it is down and however often; no engine sees it."""
    alice = world.alice
    party.condition = Condition.DOWN
    await _fail(world, "quote")
    told = await alice.person.wait_for("dev", _about("/quote fails", "A third party"), SOON)
    party.condition = Condition.UP
    fine = await world.bob.person.run("general", "quote")
    assert "Plutarch" in await world.bob.answer("general", fine)
    party.condition = Condition.SILENT
    await _fail(world, "quote")
    await alice.person.wait_for(
        "dev", lambda m: m["id"] == told["id"] and "10 times" in get_text(m), SOON
    )


def _about(*words: str) -> Callable[[Message], bool]:
    return lambda m: is_from_bot(m) and all(word in get_text(m) for word in words)


def _with_chart(incident: Message) -> Callable[[Message], bool]:
    def shown(message: Message) -> bool:
        names = [each["filename"] for each in message["attachments"]]
        return message["id"] == incident["id"] and any(name.endswith(".png") for name in names)

    return shown

"""It notices by itself: a fault is told once with its chart, worked on, and known after a kill."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.demo.third_party import Condition, ThirdParty
from bot.demo.workspace import DemoWorkspace
from local_discord.person import Message
from tests.fakes.repositories import commit, git
from tests.fakes.small_bot_repository import FLIP
from tests.support.casts import Cast, MakeCast, scripted
from tests.support.page_reader import of_bot, text_of
from tests.support.small_world import SmallWorld, small_world

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOON = 45.0  # seconds; a few, where nothing else is going on


def asking(party: ThirdParty) -> MakeCast:
    """Return the scripted cast, in a bot that also asks another service for quotes."""

    @asynccontextmanager
    async def cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
        quotes = (ROOT / "cogs/quotes.py").read_text(encoding="utf-8")
        commit(workspace.checkout, {"cogs/quotes.py": quotes}, "Say something wise")
        git(workspace.checkout, "push", "-q", "origin", "HEAD:main")
        content: dict[str, Any] = yaml.safe_load(workspace.config.read_text(encoding="utf-8"))
        content["cogs"].append("cogs.quotes")
        content["detection"] = {"after_deploy_minutes": 0, "error_rate": None}
        workspace.config.write_text(yaml.safe_dump(content), encoding="utf-8")
        (workspace.state / "quotes.url").write_text(party.url, encoding="utf-8")
        async with scripted(workspace, folder) as scripts:
            yield scripts

    return cast


async def test_what_goes_wrong_is_noticed_told_once_and_worked_on_if_it_is_ours(
    tmp_path: Path,
) -> None:
    async with ThirdParty() as party, small_world(tmp_path, asking(party)) as world:
        await _a_fault_of_ours(world)
        await _somebody_elses(world, party)
        told = [m for m in await world.alice.person.messages("dev") if "How often" in text_of(m)]
        assert len(told) == 2, [text_of(each) for each in told]
        assert [run["trigger"]["origin"] for run in world.runs()] == ["incident"]
        await world.alice.reads_well()


async def _fail(world: SmallWorld, command: str, times: int = 5, **options: object) -> None:
    bob = world.bob.person
    await asyncio.gather(*(bob.run("general", command, **options) for _ in range(times)))


async def _a_fault_of_ours(world: SmallWorld) -> None:
    """Nobody says a word: it is told, with a chart, and a fix is proposed."""
    alice = world.alice
    world.script(FLIP.script)
    await _fail(world, "flip", side="rim")
    incident = await alice.person.wait_for("dev", _about("/flip fails", "KeyError in flip()"), SOON)
    thread = await alice.thread(incident)
    card = await alice.proposal(thread)
    assert "cogs/fair.py" in text_of(card)
    await alice.person.wait_for("dev", _with_chart(incident), SOON)

    complaint = await alice.person.say("dev", FLIP.complaint)
    assert f"<#{thread}>" in await alice.replied("dev", complaint)
    assert len(world.runs()) == 1
    await alice.person.wait_for("dev", _about("/flip fails", "People say"), SOON)

    await alice.person.say(thread, "ship it")
    await alice.live(thread)
    await world.works(FLIP)
    world.kill()
    await world.restarted(2)
    await world.works(FLIP)


async def _somebody_elses(world: SmallWorld, party: ThirdParty) -> None:
    """It is told, as one thing, however it is down and however often; no engine sees it."""
    alice = world.alice
    party.condition = Condition.DOWN
    await _fail(world, "quote")
    told = await alice.person.wait_for("dev", _about("/quote fails", "A third party's"), SOON)
    party.condition = Condition.UP
    fine = await world.bob.person.run("general", "quote")
    assert "Plutarch" in await world.bob.answer("general", fine)
    party.condition = Condition.SILENT
    await _fail(world, "quote")
    await alice.person.wait_for(
        "dev", lambda m: m["id"] == told["id"] and "10 times" in text_of(m), SOON
    )


def _about(*words: str) -> Callable[[Message], bool]:
    return lambda m: of_bot(m) and all(word in text_of(m) for word in words)


def _with_chart(incident: Message) -> Callable[[Message], bool]:
    def shown(message: Message) -> bool:
        names = [each["filename"] for each in message["attachments"]]
        return message["id"] == incident["id"] and any(name.endswith(".png") for name in names)

    return shown

"""A change of the core comes live while people use the bot; a bad one is taken back."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.demo.faults import FAULTS
from local_discord.person import Message, Person
from tests.fakes.repositories import git
from tests.support.choosing import some_of
from tests.support.demo_world import Playground, know_types
from tests.support.handover_world import HandoverWorld, handover_world
from tests.support.page_reader import PageReader, buttons

pytestmark = pytest.mark.slow

CORE = "bot/domain/ids.py"


def _commented(source: str) -> str:
    return source + "\n# changed\n"


class Traffic:
    """People who never stop: they talk to the bot, roll dice, vote, and have it remind them."""

    def __init__(self, world: HandoverWorld) -> None:
        self._world = world
        self._done = asyncio.Event()
        self.asked: list[tuple[str, str]] = []
        """Channels and messages that want an answer."""
        self.rolled = self.voted = self.reminders = 0
        self.slowest = 0.0

    async def talk(self, *channels: str) -> None:
        """Ask the bot something in each channel, again and again."""
        async with Person(self._world.demo.discord.base_url, "alice") as alice:
            name = (await alice.world())["bot"]["id"]
            while not self._done.is_set():
                for channel in channels:
                    message = await alice.say(channel, f"<@{name}> what is broken now?")
                    self.asked.append((channel, message["id"]))
                    await self._pause(1.5)

    async def roll(self) -> None:
        """Roll dice; every roll is answered."""
        async with Person(self._world.demo.discord.base_url, "bob") as bob:
            while not self._done.is_set():
                began = asyncio.get_running_loop().time()
                done = await bob.run("dev", "roll", dice="1d6")
                assert done["message"] is not None, self._world.log[-3_000:]
                self.slowest = max(self.slowest, asyncio.get_running_loop().time() - began)
                self.rolled += 1
                await self._pause(0.1)

    async def vote(self) -> None:
        """Change a vote again and again, on a poll from before: each press is answered."""
        async with Person(self._world.demo.discord.base_url, "bob") as bob:
            done = await bob.run("dev", "poll create", question="Lunch?", options="soup | salad")
            poll = done["message"]
            while not self._done.is_set():
                option = ("soup", "salad")[self.voted % 2]
                done = await bob.press("dev", buttons(poll)[option], poll["id"])
                assert done["result"] != "failed", (done, self._world.log[-3_000:])
                self.voted += 1
                await self._pause(0.3)

    async def be_reminded(self) -> None:
        """Have reminders fall due all the time, whenever one bot hands over to the other."""
        async with Person(self._world.demo.discord.base_url, "alice") as alice:
            while not self._done.is_set():
                done = await alice.run("dev", "remind", **{"in": "5s", "about": self._about()})
                assert "remind you in" in done["message"]["content"], done
                self.reminders += 1
                await self._pause(0.5)

    def _about(self) -> str:
        return f"tea number {self.reminders}."

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._done.wait()
        except TimeoutError:
            return

    def end(self) -> None:
        """Have everybody stop."""
        self._done.set()


FAULT = next(each for each in FAULTS if each.name == "reminders-unknown-number")


async def test_across_a_hand_over_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    know_types(tmp_path / "state")
    async with handover_world(tmp_path, FAULT) as world:
        alice = PageReader(world.alice)
        await Playground(world.demo, FAULT, alice, alice).meet()
        thread = await alice.ask(FAULT.complaint)
        card = await alice.proposal(thread, timeout=180)
        traffic, failed = Traffic(world), _failed(world)
        async with world.logged_in() as dashboard:
            pushed = await _handed_over(world, traffic, thread)
            await world.ready_again()
            assert (await dashboard.get("/audit")).status == 200
        assert world.running == pushed
        assert traffic.slowest < 3.0  # what Discord gives an interaction
        await _each_is_answered_once(world, traffic.asked)
        await _each_is_reminded_once(world, traffic.reminders)
        assert _failed(world) == failed
        assert "Shipping" in await alice.press(thread, card, "Ship it")
        await alice.live(thread)
        assert "no reminder with that number" in await alice.run("dev", "reminders cancel", id=99)
        merged = git(world.demo.workspace.forge, "rev-list", "--merges", "main").split()
        assert len(merged) == 1
        async with asyncio.timeout(60):
            while pushed not in world.records()["good"]:  # noqa: ASYNC110  another process writes
                await asyncio.sleep(0.1)
        assert await world.ready() == 200


async def _handed_over(world: HandoverWorld, traffic: Traffic, thread: str) -> str:
    """Have one bot hand over to the next while people use it; return what that runs."""
    async with asyncio.TaskGroup() as group:
        group.create_task(traffic.talk("dev", thread))
        for people in (traffic.roll, traffic.vote, traffic.be_reminded):
            group.create_task(people())
        pushed = await world.push({CORE: _commented})
        await world.said(f"**live at `{pushed[:7]}`**, after a restart")
        before = traffic.rolled
        async with asyncio.timeout(30):
            while traffic.rolled < before + 20:  # noqa: ASYNC110  others count
                await asyncio.sleep(0.1)
        traffic.end()
    return pushed


async def _each_is_answered_once(world: HandoverWorld, asked: list[tuple[str, str]]) -> None:
    wanted = {message for _, message in asked}
    channels = {channel for channel, _ in asked}
    async with asyncio.timeout(60):
        while True:
            told = [each for name in channels for each in await world.alice.messages(name)]
            to = [
                each["message_reference"]["message_id"]
                for each in told
                if each["author"].get("bot") and each.get("message_reference")
            ]
            if wanted <= set(to):
                break
            await asyncio.sleep(0.1)
    assert [each for each in wanted if to.count(each) != 1] == []


async def _each_is_reminded_once(world: HandoverWorld, count: int) -> None:
    times = [0]
    async with asyncio.timeout(30):
        while not all(times) or len(times) < count:
            told = [each["content"] for each in await world.alice.messages("dev")]
            due = [each.partition(" tea ")[2] for each in told if each.startswith("⏰")]
            times = [due.count(f"number {number}.") for number in range(count)]
            await asyncio.sleep(0.1)
    assert times == [1] * count


def _failed(world: HandoverWorld) -> list[str]:
    """Return what failed, as it is journalled: an answer to a press that has one already does."""
    lines = [
        json.loads(line)
        for file in sorted((world.demo.workspace.state / "journal").glob("*.ndjson"))
        for line in file.read_text().splitlines()
    ]
    return [f"{each['event']}: {each['error']}" for each in lines if each["outcome"] == "error"]


NOTICES = "bot/self_improvement/restart_notices.py"
_FIRST = '        """Say what is new, until cancelled; each once."""\n'


async def _is_an_incident(world: HandoverWorld, told: Message) -> None:
    """Check that it is told once, and that a person may close it by its button."""
    alice = PageReader(world.alice)
    assert "\n-# incident " in told["content"]
    assert "was taken back" in await alice.run("dev", "incidents list")
    assert "alice closed it" in await alice.press("dev", told, "Close")
    over = await alice.said("dev", "It is over: alice closed it")
    assert over["id"] == told["id"]
    assert not [each for each in _failed(world) if "reload.restart" not in each]


def _begins(*lines: str) -> Callable[[str], str]:
    """Return what has the bot do this once it has taken over; a rehearsal sees nothing of it."""
    inserted = "        if 'restarted' in self._news:\n"
    inserted += "".join(f"            {line}\n" for line in lines)

    def change(source: str) -> str:
        assert _FIRST in source
        return source.replace(_FIRST, _FIRST + inserted)

    return change


BAD: dict[str, tuple[str, Callable[[str], str], str]] = {
    "does not import": (CORE, lambda text: text + "\nimport nonsense\n", "it was played"),
    "answers nothing": (
        "bot/client/_command_tree.py",
        lambda text: text.replace("return True", "return False"),
        "`/health` gets no answer",
    ),
    "hangs": (NOTICES, _begins("import time", "time.sleep(600)"), "it hung"),
    "crashes soon": (
        NOTICES,
        _begins("await asyncio.sleep(2)", "raise RuntimeError('as it was told to')"),
        "it ended with exit code 1",
    ),
    "leaks": (
        NOTICES,
        _begins(
            "kept = []",
            "while True:",
            "    kept.append(bytearray(40_000_000))",
            "    await asyncio.sleep(0.05)",
        ),
        "its memory grew",
    ),
}


@pytest.mark.parametrize("kind", some_of(BAD, each=len(BAD)))
async def test_what_does_not_work_is_taken_back_and_told(kind: str, tmp_path: Path) -> None:
    file, change, why = BAD[kind]
    async with handover_world(tmp_path) as world:
        before = world.running
        pushed = await world.push({file: change})
        told = await world.said(why)
        assert pushed[:7] in told["content"]
        assert world.running == before
        assert list(world.records()["bad"]) == [pushed]
        if "took it back" in told["content"]:
            await _is_an_incident(world, told)
        done = await world.alice.run("dev", "roll", dice="1d6")
        assert done["message"] is not None

"""A change of the core comes live while people use the bot; a bad one is taken back."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from local_discord.person import Person
from tests.support.choosing import some_of
from tests.support.handover_world import HandoverWorld, handover_world

pytestmark = pytest.mark.slow

CORE = "bot/domain/ids.py"


def _commented(source: str) -> str:
    return source + "\n# changed\n"


class Traffic:
    """People who never stop: one talks to the bot, another one rolls dice, a third presses."""

    def __init__(self, world: HandoverWorld) -> None:
        self._world = world
        self._done = asyncio.Event()
        self.said: list[str] = []
        self.rolled = self.pressed = 0
        self.slowest = 0.0

    async def talk(self) -> None:
        """Say hello to the bot, again and again."""
        async with Person(self._world.demo.discord.base_url, "alice") as alice:
            name = (await alice.world())["bot"]["id"]
            while not self._done.is_set():
                message = await alice.say("dev", f"<@{name}> what is broken now?")
                self.said.append(message["id"])
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

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._done.wait()
        except TimeoutError:
            return

    def end(self) -> None:
        """Have everybody stop."""
        self._done.set()


async def test_under_traffic_nothing_is_lost_and_nothing_answered_twice(tmp_path: Path) -> None:
    async with handover_world(tmp_path) as world:
        traffic = Traffic(world)
        async with asyncio.TaskGroup() as group:
            group.create_task(traffic.talk())
            group.create_task(traffic.roll())
            pushed = await world.push({CORE: _commented})
            await world.said(f"**live at `{pushed[:7]}`**, after a restart")
            before = traffic.rolled
            async with asyncio.timeout(30):
                while traffic.rolled < before + 20:  # noqa: ASYNC110  others count
                    await asyncio.sleep(0.1)
            traffic.end()
        assert world.running == pushed
        assert traffic.slowest < 3.0  # what Discord gives an interaction
        await _each_is_answered_once(world, traffic.said)
        async with asyncio.timeout(60):
            while pushed not in world.records()["good"]:  # noqa: ASYNC110  another process writes
                await asyncio.sleep(0.1)
        assert await world.ready() == 200


async def _each_is_answered_once(world: HandoverWorld, asked: list[str]) -> None:
    async with asyncio.timeout(60):
        while True:
            told = await world.alice.messages("dev")
            to = [
                each["message_reference"]["message_id"]
                for each in told
                if each["author"].get("bot") and each.get("message_reference")
            ]
            if set(asked) <= set(to):
                break
            await asyncio.sleep(0.1)
    assert [each for each in asked if to.count(each) != 1] == []


NOTICES = "bot/self_improvement/restart_notices.py"
_FIRST = '        """Say what is new, until cancelled; each once."""\n'


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
        done = await world.alice.run("dev", "roll", dice="1d6")
        assert done["message"] is not None

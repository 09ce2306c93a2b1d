"""Users of a bot during a handover, and checks that each request was answered exactly once."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from local_discord.person import Person

from tests.support.handover_harness import HandoverHarness
from tests.support.page_reader import get_buttons

_names = itertools.count(1)


class Traffic:
    """Users that act all the time: they ask, roll dice, vote, and set reminders."""

    def __init__(self, world: HandoverHarness, pause: float = 0.1) -> None:
        self._world = world
        self._pause_seconds = pause
        self.name = f"tea {next(_names)}"
        self._done = asyncio.Event()
        self.asked: list[tuple[str, str]] = []
        """Channels and messages that need an answer."""
        self.rolled = self.voted = self.reminders = 0
        self.slowest = 0.0

    @asynccontextmanager
    async def keep_flowing(self, *channels: str) -> AsyncIterator[None]:
        """Keep all users active until the block ends, talking in these channels."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.talk(*channels))
            for people in (self.roll, self.vote, self.set_reminders):
                group.create_task(people())
            yield
            self._done.set()

    async def talk(self, *channels: str) -> None:
        """Ask the bot a question in each channel, repeatedly."""
        async with Person(self._world.demo.discord.base_url, "alice") as alice:
            name = (await alice.get_world())["bot"]["id"]
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
                await self._pause(self._pause_seconds)

    async def vote(self) -> None:
        """Change a vote repeatedly on an older poll; each press is answered."""
        async with Person(self._world.demo.discord.base_url, "bob") as bob:
            done = await bob.run("dev", "poll create", question="Lunch?", options="soup | salad")
            poll = done["message"]
            while not self._done.is_set():
                option = ("soup", "salad")[self.voted % 2]
                done = await bob.press("dev", get_buttons(poll)[option], poll["id"])
                assert done["result"] != "failed", (done, self._world.log[-3_000:])
                self.voted += 1
                await self._pause(3 * self._pause_seconds)

    async def set_reminders(self) -> None:
        """Set reminders that become due all the time, also during a handover."""
        async with Person(self._world.demo.discord.base_url, "alice") as alice:
            while not self._done.is_set():
                done = await alice.run("dev", "remind", **{"in": "5s", "about": self._make_about()})
                assert "remind you in" in done["message"]["content"], done
                self.reminders += 1
                await self._pause(0.5)

    def _make_about(self) -> str:
        return f"{self.name} number {self.reminders}."

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._done.wait()
        except TimeoutError:
            return


async def check_answered_once(world: HandoverHarness, asked: Sequence[tuple[str, str]]) -> None:
    """Wait for all answers; check that each message has exactly one."""
    wanted = {message for _, message in asked}
    channels = {channel for channel, _ in asked}
    async with asyncio.timeout(60):
        while True:
            told = [each for name in channels for each in await world.alice.list_messages(name)]
            to = [
                each["message_reference"]["message_id"]
                for each in told
                if each["author"].get("bot") and each.get("message_reference")
            ]
            if wanted <= set(to):
                break
            await asyncio.sleep(0.1)
    assert [each for each in wanted if to.count(each) != 1] == []


async def check_reminded_once(world: HandoverHarness, count: int, about: str) -> None:
    """Wait for all reminders; check that each was posted exactly once."""
    times = [0]
    async with asyncio.timeout(30):
        while not all(times) or len(times) < count:
            told = [each["content"] for each in await world.alice.list_messages("dev")]
            due = [
                each.splitlines()[0].partition("> ")[2] for each in told if each.startswith("⏰")
            ]
            times = [due.count(f"{about} number {number}.") for number in range(count)]
            await asyncio.sleep(0.1)
    assert times == [1] * count


def list_failed_actions(world: HandoverHarness) -> list[str]:
    """Return the failed actions of the journal.

    One failure is expected: answering a press that is already answered.
    """
    lines = [
        json.loads(line)
        for file in sorted((world.demo.workspace.state / "journal").glob("*.ndjson"))
        for line in file.read_text().splitlines()
    ]
    return [f"{each['event']}: {each['error']}" for each in lines if each["outcome"] == "error"]

"""Text commands with the bot's own prefix are recorded like any command, with their effects."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from local_discord.server import LocalDiscord
from theseus_observe.redaction import redact
from theseus_rehearsal.records import SayStep

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.adapters.system_clock import SystemClock
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.traffic import TrafficRecord
from bot.proof.regression_scripts import build_script_with_setup
from bot.proof.traffic_scripts import build_script
from bot.telemetry import TrafficRecorder
from tests.fakes.fake_traffic import FakeSnapshots
from tests.support.live_client import Home, LiveClient, run_client

HERE = Path(__file__).parent


class TypedRoom:
    """A client whose commands begin with `!`, and its traffic."""

    def __init__(self, live: LiveClient, recorder: TrafficRecorder, log: SqliteTraffic) -> None:
        self.live, self.alice = live, live.alice
        self._recorder, self._log = recorder, log

    async def type(self, text: str, answer: str) -> dict[str, Any]:
        """Say something; return the message that answers it."""
        await self.alice.say("dev", text)
        return dict(await self.alice.wait_for("dev", lambda m: answer in m["content"]))

    async def read_all(self) -> dict[str, TrafficRecord]:
        """Return every record by its event."""
        await self._recorder.write(flush=True)
        start = self._recorder.clock.now().replace(year=2000)
        return {each.event: each for each in await self._log.list_since(start)}

    async def press(self, message: dict[str, Any], label: str) -> dict[str, Any]:
        """Press a button by its label."""
        items = [each for row in message["components"] for each in row["components"]]
        button = next(each["custom_id"] for each in items if each["label"] == label)
        return await self.alice.press("dev", button, message["id"])


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[TypedRoom]:
    home.write("cogs/typed.py", (HERE / "typed_command_cog.py").read_text())
    home.write("cogs/prefix.py", (HERE / "prefix_cog.py").read_text())
    clock = SystemClock()
    async with SqliteTraffic(home.state / "traffic.sqlite3", redact=redact) as log:
        recorder = TrafficRecorder(log, FakeSnapshots(clock), clock, b"salt", lambda: None)
        async with run_client(home, local, traffic=recorder) as live:
            yield TypedRoom(live, recorder, log)


async def test_only_messages_that_run_a_command_are_kept_of_those_that_mention_nobody(
    room: TypedRoom,
) -> None:
    await room.type("!wave", "waves back")
    await room.type("!half 8", "half is 4.0")
    await room.live.journal.wait_for(Kind.COMMAND)
    record = (await room.read_all())["command.half"]
    assert list(await room.read_all()) == ["command.half"]
    assert isinstance(record.step, SayStep)
    assert (record.step.say, record.prefix, record.cog) == ("!half 8", "!", "typed")
    assert record.outcome is ActionOutcome.OK
    assert record.shape == ("message, 1 line of 11 signs",)
    assert build_script(record, ()).world.prefixes == ("!",)


async def test_a_failure_typed_with_a_prefix_is_kept_under_the_id_that_people_are_shown(
    room: TypedRoom,
) -> None:
    shown = await room.type("!half of it", "failed with ValueError")
    record = (await room.read_all())["command.half"]
    assert record.id.endswith(shown["content"].split("Error id `")[1].split("`")[0])
    assert (record.outcome, record.cog) == (ActionOutcome.ERROR, "typed")


async def test_buttons_and_forms_of_a_typed_command_are_kept_and_played_after_it(
    room: TypedRoom,
) -> None:
    shelf = await room.type("!shelf", "the shelf")
    await room.press(shelf, "Take")
    opened = await room.press(shelf, "Ask")
    form = opened["modal"]
    await room.alice.submit("dev", form["custom_id"], {form["fields"][0]["custom_id"]: " "})
    await room.live.journal.wait_for(Kind.COMPONENT, lambda action: "Wish" in action.name)
    async with asyncio.timeout(10):
        while len(records := await room.read_all()) < 4:  # noqa: ASYNC110 # records come by thread
            await asyncio.sleep(0.01)
    taken, wished = records["component.Buttons.take"], records["component.Wish.on_submit"]
    assert (taken.cog, wished.cog) == ("typed", "typed")
    worked = [each for each in records.values() if each.ok]
    steps = build_script_with_setup(taken, worked).steps
    assert [type(each).__name__ for each in steps] == ["SayStep", "PressStep"]
    steps = build_script_with_setup(wished, worked).steps
    assert [type(each).__name__ for each in steps] == ["SayStep", "PressStep", "SubmitStep"]

"""Requests to a cog are recorded so that they can be replayed, without personal data."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from local_discord.server import LocalDiscord
from theseus_observe.pseudonyms import build_pseudonym
from theseus_observe.redaction import redact
from theseus_rehearsal.records import CommandStep, MenuStep, PressStep, SayStep, SubmitStep

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.adapters.system_clock import SystemClock
from bot.domain.journal import ActionOutcome, JournalQuery
from bot.domain.traffic import TrafficRecord
from bot.proof.traffic_scripts import build_script
from bot.self_improvement.watch.feedback import build_record_lookup
from bot.telemetry import TrafficRecorder
from tests.fakes.fake_traffic import FakeSnapshots
from tests.support.live_client import Home, LiveClient, run_client

SECRET = b"salt for the tests"
COG = Path(__file__).parent / "interactive_cogs.py"
KEY = "ghp_" + "a1B2" * 9


class Room:
    """A client whose traffic is stored in a file."""

    def __init__(
        self, live: LiveClient, local: LocalDiscord, recorder: TrafficRecorder, log: SqliteTraffic
    ) -> None:
        self.live = live
        self.alice = live.alice
        self.local = local
        self._recorder = recorder
        self._log = log

    async def kept(self, event: str) -> TrafficRecord:
        """Return the only record of an event, waiting for it."""
        async with asyncio.timeout(10):
            while True:
                await self._recorder.write(flush=True)
                if found := await self._log.list_recent(event):
                    (record,) = found
                    return record
                await asyncio.sleep(0.01)

    async def all(self, many: int) -> list[TrafficRecord]:
        """Return all stored records, oldest first, once there are this many."""
        start = self._recorder.clock.now().replace(year=2000)
        async with asyncio.timeout(10):
            while True:
                await self._recorder.write(flush=True)
                if len(found := await self._log.list_since(start)) >= many:
                    return list(found)
                await asyncio.sleep(0.01)

    async def show(self, command: str = "shop") -> dict[str, Any]:
        """Return the message that the command shows."""
        shown: dict[str, Any] = (await self.alice.run("dev", command))["message"]
        return shown


def button(message: dict[str, Any], label: str) -> str:
    items = [each for row in message["components"] for each in row["components"]]
    return str(next(each["custom_id"] for each in items if each["label"] == label))


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[Room]:
    home.write("cogs/asked.py", COG.read_text())
    clock = SystemClock()
    path = home.state / "traffic" / "traffic.sqlite3"
    async with SqliteTraffic(path, redact=redact) as log:
        recorder = TrafficRecorder(log, FakeSnapshots(clock), clock, SECRET, lambda: "c" * 40)
        async with run_client(home, local, traffic=recorder) as live:
            yield Room(live, local, recorder, log)


FLAGGED = Path(__file__).parent / "flagged_cog.py"


@pytest.mark.parametrize("flags", [(), ("coinflip",)])
async def test_flags_that_were_asked_for_are_kept_with_what_was_told_of_them(
    home: Home, local: LocalDiscord, flags: tuple[str, ...]
) -> None:
    home.write("cogs/coins.py", FLAGGED.read_text())
    clock = SystemClock()
    async with SqliteTraffic(home.state / "traffic.sqlite3", redact=redact) as log:
        recorder = TrafficRecorder(log, FakeSnapshots(clock), clock, SECRET, lambda: None)
        async with run_client(home, local, traffic=recorder, flags=flags) as live:
            await live.alice.run("dev", "coinflip")
            record = await Room(live, local, recorder, log).kept("command.coinflip")
            [used] = await live.journal.read(JournalQuery(event="command.coinflip"))
    assert record.flags == used.flags == {"coinflip": bool(flags)}
    assert build_script(record, ()).world.flags == flags


async def give(room: Room, note: str, times: int = 1) -> dict[str, Any]:
    return await room.alice.run(
        "dev",
        "give",
        whom=str(room.local.people["bob"]),
        where=str(room.local.dev_channel_id),
        role=str(next(iter(room.local.find_role_ids("@everyone")))),
        note=note,
        times=times,
    )


async def test_an_answer_is_known_by_its_interaction_as_soon_as_people_see_it(
    home: Home, local: LocalDiscord
) -> None:
    home.write("cogs/asked.py", COG.read_text())
    clock = SystemClock()
    async with SqliteTraffic(home.state / "traffic.sqlite3", redact=redact) as log:
        recorder = TrafficRecorder(log, FakeSnapshots(clock), clock, SECRET, lambda: None)
        answered = build_record_lookup(
            log, lambda id_: build_pseudonym(id_, SECRET, "i"), recorder.catch_up
        )
        async with run_client(home, local, traffic=recorder) as live:
            shown = (await live.alice.run("dev", "shop"))["message"]
            asked = int(shown["interaction_metadata"]["id"])
            record = await answered(asked, ("command.give", "command.shop"))
            assert record is not None
            assert record.event == "command.shop"
            assert await answered(asked, ("command.give",)) is None
            assert await answered(asked + 1, ("command.shop",)) is None


async def test_a_command_is_kept_with_its_options_typed(room: Room) -> None:
    await give(room, "some cake", 3)
    record = await room.kept("command.give")
    assert isinstance(record.step, CommandStep)
    assert (record.step.by, record.step.command) == ("asker", "give")
    assert record.step.options == {
        "whom": "@other",
        "where": "#general",
        "role": "@&@everyone",
        "note": "some cake",
        "times": 3,
    }
    assert record.cog == "asked"
    assert (record.outcome, record.place, record.changed) == (ActionOutcome.OK, "text", ())
    assert record.began is not None
    assert record.began <= record.at
    assert record.commit == "abc1234"
    (shape,) = record.shape
    assert shape.startswith("answer, 2 lines of ")
    asker, other = record.people
    assert (asker.name, other.name) == ("asker", "other")
    assert asker.permissions == ("administrator",)
    assert "send_messages" in other.permissions
    assert set(record.pseudonyms) == {"asker", "other", "channel", "server", "interaction"}
    journalled = await room.live.journal.get(record.id)
    assert journalled is not None
    assert record.pseudonyms["asker"] == journalled.user


async def test_a_failure_is_kept_under_the_id_that_people_are_shown(room: Room) -> None:
    await give(room, "cake", -1)
    record = await room.kept("command.give")
    journalled = await room.live.journal.get(record.id)
    assert journalled is not None
    assert journalled.error is not None
    assert (record.outcome, record.fingerprint) == (
        ActionOutcome.ERROR,
        journalled.error.fingerprint,
    )


async def test_a_press_is_kept_by_its_label(room: Room) -> None:
    shown = await room.show()
    await room.alice.press("dev", button(shown, "Buy"), shown)
    record = await room.kept("component.Shop.buy")
    assert isinstance(record.step, PressStep)
    assert (record.step.press, record.cog, record.ok) == ("Buy", "asked", True)
    assert record.shape == ("answer, private, 1 line of 6 signs",)


async def test_a_press_that_fails_has_the_event_of_one_that_does_not(room: Room) -> None:
    shown = await room.show()
    await room.alice.press("dev", button(shown, "Break"), shown)
    record = await room.kept("component.Shop.shop:break")
    assert (record.ok, record.custom_id) == (False, "shop:break")


async def test_a_listener_that_hears_a_press_counts_and_its_ids_do_not(room: Room) -> None:
    shown = await room.show("bare")
    await room.alice.press("dev", button(shown, "Heard"), shown)
    record = await room.kept("component.Asked.heard")
    assert isinstance(record.step, PressStep)
    assert record.step.press == "Heard"
    assert record.custom_id.startswith("heard:1000")


async def test_a_form_is_kept_by_its_fields_labels(room: Room) -> None:
    shown = await room.show()
    opened = await room.alice.press("dev", button(shown, "Wish"), shown)
    await submit(room, opened["modal"], "a pony")
    record = await room.kept("component.Wish.on_submit")
    assert isinstance(record.step, SubmitStep)
    assert record.step.submit == {"What": "a pony"}
    opening = await room.kept("component.Shop.shop:wish")
    assert opening.shape == ("form, 1 fields",)


async def submit(room: Room, modal: dict[str, Any], text: str) -> None:
    row = modal["components"][0]
    field = row.get("component") or row["components"][0]
    await room.alice.submit("dev", modal["custom_id"], {field["custom_id"]: text})


async def test_menus_are_kept_with_what_they_were_used_on(room: Room) -> None:
    said = await room.alice.say("dev", "how long is this, bob?")
    await room.alice.use_menu("dev", "Count", said)
    record = await room.kept("context_menu.Count")
    assert isinstance(record.step, MenuStep)
    assert (record.step.menu, record.step.on) == ("Count", "m1")
    assert record.target is not None
    assert record.target.say == "how long is this, somebody?"
    assert "target" in record.changed


async def test_messages_count_as_far_as_the_bot_was_addressed(room: Room) -> None:
    me = room.live.client.user
    assert me is not None
    await room.alice.say("dev", "ping, to nobody")
    await room.alice.say("dev", f"<@{me.id}> ping")
    await room.alice.say("dev", f"<@{me.id}> add 3 four")
    await room.alice.wait_for("dev", lambda message: message["content"] == "7")
    kept = await room.all(2)
    assert {each.event for each in kept} == {"command.add", "listener.Asked.on_message"}
    heard = await room.kept("listener.Asked.on_message")
    assert isinstance(heard.step, SayStep)
    assert (heard.step.say, heard.cog) == ("@bot ping", "asked")
    typed = await room.kept("command.add")
    assert isinstance(typed.step, SayStep)
    assert typed.step.say == "@bot add 3 four"


async def test_two_answers_that_differ_have_other_digests(room: Room) -> None:
    for note in ("cake", "cake", "pie"):
        await give(room, note)
    first, second, third = await room.all(3)
    assert first.answer == second.answer != third.answer
    assert first.variety == second.variety


async def test_nothing_that_tells_who_it_was_reaches_the_disk(room: Room) -> None:
    alice, bob = room.local.people["alice"], room.local.people["bob"]
    secrets = ["alice", "bob", str(alice), str(bob), "carol@example.com", KEY]
    secrets.append(str(room.local.dev_channel_id))
    note = f"for <@{bob}> and Alice, BOB's: {KEY}, carol@example.com, {alice} <@!{alice}>"
    await give(room, note)
    await give(room, note, -1)
    await room.alice.use_menu("dev", "Count", await room.alice.say("dev", note))
    shown = await room.show()
    opened = await room.alice.press("dev", button(shown, "Wish"), shown)
    await submit(room, opened["modal"], note)
    me = room.live.client.user
    assert me is not None
    await room.alice.say("dev", f"<@{me.id}> ping {note}")
    await room.alice.wait_for("dev", lambda message: message["content"] == "pong")
    assert len(await room.all(7)) == 7
    folder = room.live.home.state / "traffic"
    disk = b"".join(each.read_bytes() for each in folder.iterdir()).lower()
    assert [each for each in secrets if each.lower().encode() in disk] == []
    assert b"for @other and asker, other" in disk

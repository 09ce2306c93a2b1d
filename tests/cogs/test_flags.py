"""Flags switched live: cogs ask, listed people switch, everybody else is refused politely."""

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from discord import ui

from bot.authority.policy import Act
from tests.support.dev_channel import DevChannel, open_dev_channel

COG = "tests.bot.client.flagged_cog"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    (tmp_path / "cogs").mkdir()
    source = Path(__file__).parents[1] / "bot" / "client" / "flagged_cog.py"
    (tmp_path / "cogs" / "coins.py").write_text(source.read_text())
    async with open_dev_channel(tmp_path, extensions=("cogs.flags", COG)) as opened:
        opened.client.root = tmp_path
        yield opened


async def flips(room: DevChannel, who: str, channel: str) -> str:
    answer = await room[who].run(channel, "coinflip")
    return str(answer["message"]["content"])


async def test_what_nobody_switched_is_off_and_named_with_who_asks(room: DevChannel) -> None:
    assert await flips(room, "alice", "dev") == "not yet"
    shown = await room.run_command("alice", "flags list")
    assert shown == "- `coinflip`: off, never switched · asked for in `cogs/coins.py`"


async def test_step_by_step_it_is_there_for_more_people_from_the_next_command_on(
    room: DevChannel,
) -> None:
    async def where() -> list[str]:
        return [place for place in ("dev", "general") if await flips(room, "bob", place) == "heads"]

    said = await room.run_command("dora", "flags set", name="coinflip", to="dev")
    assert said == "`coinflip` is on in the dev channel from now on. Before, it was off."
    assert await where() == ["dev"]
    world = await room["dora"].get_world()
    [general] = [each["id"] for each in world["channels"] if each["name"] == "general"]
    said = await room.run_command(
        "dora", "flags set", name="coinflip", to="channels", channel=general
    )
    assert f"on in <#{general}> and the dev channel from now on" in said
    assert await where() == ["dev", "general"]
    said = await room.run_command("alice", "flags set", name="coinflip", to="share", percent=99)
    assert "is on for 99 % of people, and in the dev channel from now on" in said
    said = await room.run_command("alice", "flags set", name="coinflip", to="all")
    assert said.startswith("`coinflip` is on for everyone from now on.")
    assert await where() == ["dev", "general"]
    assert "already, since <t:" in await room.run_command(
        "bob", "flags set", name="coinflip", to="all"
    )
    shown = await room.run_command("bob", "flags list")
    assert "`coinflip`: on for everyone, since <t:" in shown
    assert shown.endswith(" by alice · asked for in `cogs/coins.py`")
    await room.run_command("alice", "flags set", name="coinflip", to="off")
    assert await where() == []


async def test_a_message_is_asked_for_as_a_command_is(room: DevChannel) -> None:
    await room.run_command("dora", "flags set", name="coinflip", to="dev")
    await room["bob"].say("dev", "lovely weather")
    heard = await room["bob"].wait_for("dev", lambda m: m["content"] == "heard")
    assert heard["author"]["bot"]


async def test_whoever_is_not_listed_switches_and_sees_nothing(room: DevChannel) -> None:
    for command, given in (
        ("flags set", {"name": "coinflip", "to": "all"}),
        ("flags remove", {"name": "coinflip"}),
        ("flags list", {}),
    ):
        assert (await room.run_command("mallory", command, **given)).startswith("Sorry mallory")
    assert await room.list_refused() == [
        ("mallory", Act.SWITCH), ("mallory", Act.SWITCH), ("mallory", Act.READ),
    ]  # fmt: skip
    assert room.world.flags.get_all() == {}


async def test_what_no_code_asks_for_any_more_is_told_and_can_go(room: DevChannel) -> None:
    await room.run_command("dora", "flags set", name="coinflip", to="all")
    (room.client.root / "cogs" / "coins.py").unlink()
    shown = await room.run_command("dora", "flags list")
    assert "no code asks for it any more: `/flags remove name:coinflip` forgets it" in shown
    gone = await room.run_command("dora", "flags remove", name="coinflip")
    assert gone == "Forgotten: `coinflip`, which was on for everyone."
    assert (await room.run_command("dora", "flags list")).startswith("There are no flags")
    assert (await room.run_command("dora", "flags remove", name="coinflip")).startswith(
        "No one has"
    )


async def test_names_are_offered_while_a_listed_person_types(room: DevChannel) -> None:
    async def offered(who: str, command: str, typed: str) -> list[str]:
        asked = {"autocomplete": command, "option": "name", "value": typed}
        told = await room[who].interact("dev", **asked)
        return [each["value"] for each in told["choices"]]

    assert await offered("alice", "flags set", "coin") == ["coinflip"]
    assert await offered("alice", "flags set", "dice") == []
    assert await offered("alice", "flags remove", "") == []
    await room.run_command("dora", "flags set", name="coinflip", to="dev")
    assert await offered("alice", "flags remove", "") == ["coinflip"]
    assert await offered("mallory", "flags set", "") == []


async def test_a_name_that_cannot_be_is_a_mistake_of_the_cog(room: DevChannel) -> None:
    answer = await room["bob"].run("dev", "misnamed")
    assert "Error id" in str(answer["message"]["content"])
    await room.wait_for_event("command.misnamed")
    [failed] = [each for each in room.world.journal.actions if each.event == "command.misnamed"]
    assert failed.error is not None
    assert failed.error.exception == "ValueError"
    assert "not 'Coin Flip'" in failed.error.message


async def test_the_next_step_is_a_press_away_for_whoever_may_switch(room: DevChannel) -> None:
    await room.run_command("dora", "flags set", name="coinflip", to="dev")
    since = int(room.world.flags.get_all()["coinflip"].at.timestamp())
    pressed = f"theseus:flag:share20:coinflip:{since}"
    view = ui.View(timeout=None)
    view.add_item(ui.Button(label="On for 20 % of people", custom_id=pressed))
    channel = room.client.get_channel(room.client.identity.dev_channel_id)
    assert isinstance(channel, discord.TextChannel)
    await channel.send("It goes well.", view=view)
    message = await room["dora"].wait_for("dev", lambda m: m["content"] == "It goes well.")

    async def press(who: str) -> str:
        answer = await room[who].press("dev", pressed, message)
        wanted = answer["message"]["id"]
        seen = await room[who].wait_for("dev", lambda m: m["id"] == wanted and bool(m["content"]))
        return str(seen["content"])

    assert (await press("mallory")).startswith("Sorry mallory")
    assert "`coinflip` is on for 20 % of people" in await press("dora")
    room.world.clock.tick(2)
    await room.run_command("dora", "flags set", name="coinflip", to="off")
    assert "after this button was posted" in await press("dora")

"""The page's first hint: a report is a plain message; only a command begins with a slash."""

import re

import discord as discord_api
import pytest
from local_discord import LocalDiscord, LocalPerson
from local_discord.person import Person
from local_discord_tests.sample_bot import SampleBot, run_bot

from bot.demo.faults import FAULTS, LIVING, REPLAYED, MetFault
from bot.demo.first_hint import build_fault_hint, build_request_hint, build_watch_hint
from bot.demo.second_act import build_next_steps, offer_second_act

MET = [*FAULTS, *REPLAYED]
_SAY = re.compile(r"[Ss]ay `([^`]+)`")


@pytest.mark.parametrize("fault", MET, ids=lambda fault: fault.name)
def test_no_report_begins_with_a_slash(fault: MetFault) -> None:
    said = _SAY.findall("\n".join(build_fault_hint(fault)))
    assert said == [fault.report, "ship it"]
    assert not fault.report.startswith("/")


def test_what_there_is_to_say_beside_a_living_fault_begins_with_no_slash_either() -> None:
    for living in LIVING:
        text = "\n".join(build_watch_hint(living))
        assert not [said for said in _SAY.findall(text) if said.startswith("/")], living.name


def test_with_a_request_the_page_says_what_to_ask() -> None:
    said = _SAY.findall("\n".join(build_request_hint("add a /coinflip command")))
    assert said == ["add a /coinflip command", "go ahead", "ship it"]


async def test_once_a_change_is_live_the_page_offers_steps_and_ticks_them() -> None:
    steps = build_next_steps("add a /coinflip command", has_model=False, core_page="http://h/core")
    people = (LocalPerson("alice", listed=True), LocalPerson("bob", listed=False))
    async with (
        LocalDiscord(people, token="t" * 20, hint=["first"]) as discord,
        offer_second_act(discord, steps) as act,
        Person(discord.base_url, "alice") as alice,
        Person(discord.base_url, "bob") as bob,
        run_bot(SampleBot(), discord) as bot,
    ):
        await alice.say("dev", "it is live at last")
        assert discord.world.hint == ["first"], "only the bot knows what is live"
        channel = bot.get_partial_messageable(discord.dev_channel_id)
        await bob.say("dev", "ship it")
        await channel.send("🚢 **live at `1234567`**.")
        assert discord.world.hint == act.list_lines()
        assert "0 of 8 done" in discord.world.hint[0]
        await alice.say("dev", "I ship it")
        await alice.say("dev", "bot, you rolled it back")
        assert "0 of 8 done" in discord.world.hint[0], "alice is not bob, and not the bot"
        await bob.say("dev", "Ship it!")
        for _ in range(2):
            await channel.send(
                "🛑 I restarted onto `1234567`, and rolled it back.\n-# incident a1b2c3 · high"
            )
        assert "2 of 8 done" in discord.world.hint[0]
        card = discord_api.Embed(title="/roll fails").set_footer(text="incident a1b2c3 · medium")
        await channel.send(embed=card)
        ticked = [line for line in discord.world.hint if line.startswith("- ☑")]
    assert "3 of 8 done" in discord.world.hint[0]
    assert ["bob" in ticked[0], "by itself" in ticked[1], "http://h/core" in ticked[2]] == [
        True
    ] * 3


def test_what_to_say_next_begins_with_no_slash_unless_it_is_a_command() -> None:
    steps = build_next_steps("add a /coinflip command", has_model=True)
    said = _SAY.findall("\n".join(each.text for each in steps))
    assert not [each for each in said if each.startswith("/")]

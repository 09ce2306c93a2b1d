"""Only listed people switch flags; flags are stored and take effect at once."""

from pathlib import Path

import pytest

from bot.authority.flags import FlagRepository, FlagService
from bot.domain.errors import NotAuthorized, OutOfBounds
from tests.support.agent_harness import ALICE, DORA, MALLORY, AgentHarness

ASKED = ("coinflip", "trivia")


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    return AgentHarness(tmp_path)


@pytest.fixture
def flags(world: AgentHarness) -> FlagService:
    return world.create_agent().flags


async def test_it_counts_at_once_and_after_a_restart(
    world: AgentHarness, flags: FlagService
) -> None:
    assert world.flags.find("coinflip") is None
    before, flag = await flags.switch(DORA, "coinflip", "dev", asked_for=ASKED)
    assert before is None
    assert world.flags.find("coinflip") == flag
    again = FlagRepository(world.key_values)
    assert again.find("coinflip") is None
    await again.load()
    assert again.find("coinflip") == flag


async def test_whoever_is_not_listed_is_refused_and_that_is_written_down(
    world: AgentHarness, flags: FlagService
) -> None:
    with pytest.raises(NotAuthorized, match=r"Sorry mallory, .*switch a flag"):
        await flags.switch(MALLORY, "coinflip", "all", asked_for=ASKED)
    with pytest.raises(NotAuthorized):
        await flags.remove(MALLORY, "coinflip")
    assert world.flags.get_all() == {}
    await flags.switch(ALICE, "coinflip", "share", percent=20, asked_for=ASKED)
    await flags.remove(ALICE, "coinflip")
    entries = reversed(await world.store.list_audit_entries(limit=10))
    told = [(e.person.name, e.action, e.allowed, e.note) for e in entries if e.person]
    assert told == [
        ("mallory", "switch", False, "flag coinflip: all"),
        ("mallory", "switch", False, "flag coinflip: removed"),
        ("alice", "switch", True, "flag coinflip: share 20 %"),
        ("alice", "switch", True, "flag coinflip: removed"),
    ]


async def test_channels_join_until_it_is_on_for_others(flags: FlagService) -> None:
    for channel in (12, 11):
        _, flag = await flags.switch(
            DORA, "coinflip", "channels", channel_id=channel, asked_for=ASKED
        )
    assert flag.channels == (11, 12)
    _, flag = await flags.switch(DORA, "coinflip", "dev", asked_for=ASKED)
    _, flag = await flags.switch(DORA, "coinflip", "channels", channel_id=13, asked_for=ASKED)
    assert flag.channels == (13,)


async def test_what_stays_as_it_is_stays_as_old_as_it_is(
    world: AgentHarness, flags: FlagService
) -> None:
    _, first = await flags.switch(DORA, "coinflip", "all", asked_for=ASKED)
    world.clock.tick(60)
    assert await flags.switch(ALICE, "coinflip", "all", asked_for=ASKED) == (first, first)
    _, less = await flags.switch(ALICE, "coinflip", "share", percent=50, asked_for=ASKED)
    assert less.at > first.at


@pytest.mark.parametrize(
    ("name", "reach", "told"),
    [
        ("coinflp", "all", "No code uses a flag `coinflp`. These flags are used: `coinflip`, "),
        ("Coin Flip", "all", "“Coin Flip” is not a valid flag name"),
        ("coinflip", "channels", "Name the channel: `/flags set name:coinflip to:channels"),
        ("coinflip", "share", "Give the share in percent"),
    ],
)
async def test_what_no_flag_can_be_is_refused_in_words(
    world: AgentHarness, flags: FlagService, name: str, reach: str, told: str
) -> None:
    with pytest.raises(OutOfBounds, match=told):
        await flags.switch(DORA, name, reach, asked_for=ASKED)  # type: ignore[arg-type]
    assert world.flags.get_all() == {}


async def test_what_no_code_asks_for_any_more_can_be_switched_off_and_forgotten(
    world: AgentHarness, flags: FlagService
) -> None:
    await flags.switch(DORA, "coinflip", "all", asked_for=ASKED)
    _, off = await flags.switch(DORA, "coinflip", "off", asked_for=())
    assert await flags.remove(DORA, "coinflip") == off
    assert await flags.remove(DORA, "coinflip") is None
    assert world.flags.find("coinflip") is None
